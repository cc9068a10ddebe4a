/* Web Bluetooth: a device that the person chose enters, a transport for Gattlink packets leaves; TrackerError otherwise.
   The order is Golden Gate's: connect, prove the attribute table current, bond, subscribe. */

import { PACKET_DEFAULT_BYTES, PACKET_LIMIT_BYTES } from "./gattlink.js";
import { gattPacketBytes } from "./stack.js";
import { TrackerError, printable } from "./tracker.js";

const BASE = "-e56a-484c-b832-8b17cf6cbfe8", CONFIRMATION_BASE = "-8182-4be5-91e0-2992e6b40ebb";
const GATTLINK = `abbaff00${BASE}`, GATTLINK_SIG = 0xfd62, RX = `abbaff01${BASE}`, TX = `abbaff02${BASE}`;
const LINK_STATUS = `abbafd00${BASE}`, CONFIGURATION = `abbafd01${BASE}`, SECURE = `abbafd03${BASE}`;
const CONFIRMATION = `ac2f0045${CONFIRMATION_BASE}`, POINTER = `ac2f0145${CONFIRMATION_BASE}`, EPHEMERAL = `ac2f0345${CONFIRMATION_BASE}`;
const ATT_HEADER_BYTES = 3;

/* Why this browser cannot: "insecure", "missing" or "off"; "" when it can. */
export async function cannot(bluetooth = navigator.bluetooth, secure = isSecureContext) {
  if (!secure) return "insecure";
  if (!bluetooth) return "missing";
  return (await bluetooth.getAvailability()) ? "" : "off";
}

/* The browser's own list of trackers near by; must be called from a press of a button. */
export async function choose(bluetooth = navigator.bluetooth) {
  try {
    return await bluetooth.requestDevice({
      filters: [{ services: [GATTLINK] }, { services: [GATTLINK_SIG] }],
      optionalServices: [GATTLINK, GATTLINK_SIG, LINK_STATUS, CONFIRMATION],
    });
  } catch (error) {
    if (error.name === "NotFoundError") throw failed("bluetooth.not_chosen", error);
    if (error.name === "SecurityError" || error.name === "NotAllowedError") throw failed("bluetooth.denied", error);
    throw failed("bluetooth.failed", error);
  }
}

export class BluetoothTransport {
  constructor(device) {
    this.device = device;
    this.packetBytes = PACKET_DEFAULT_BYTES;
    this.onpacket = () => undefined;
    this.onclose = () => undefined;
    this.open = false;
    this.sending = Promise.resolve();
    this.gone = () => this.ended();
  }

  /* Ready for packets once this returns. */
  async connect() {
    this.device.addEventListener("gattserverdisconnected", this.gone);
    try {
      const server = await this.step("bluetooth.not_connected", () => this.device.gatt.connect());
      const service = await this.step("bluetooth.no_gattlink", () => gattlinkOf(server));
      this.rx = await this.step("bluetooth.no_gattlink", () => service.getCharacteristic(RX));
      this.tx = await this.step("bluetooth.no_gattlink", () => service.getCharacteristic(TX));
      await this.proveCurrent(server);
      await this.bond(server);
      this.tx.addEventListener("characteristicvaluechanged", (event) => this.heard(event.target.value));
      await this.step("bluetooth.not_connected", () => this.tx.startNotifications());
      this.open = true;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /* Packets go out in their order; one that the system does not take is lost, and Gattlink sends it again. */
  send(packet) {
    this.sending = this.sending.then(() => this.rx.writeValueWithoutResponse(packet)).catch(() => undefined);
  }

  close() {
    if (this.device.gatt.connected) this.device.gatt.disconnect();
    this.ended();
  }

  ended() {
    this.device.removeEventListener("gattserverdisconnected", this.gone);
    this.open = false;
    this.onclose();
  }

  heard(value) {
    // Copied: the view may be of a buffer that the browser uses again.
    this.onpacket(new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice());
  }

  async step(outcome, act) {
    try {
      return await act();
    } catch (error) {
      const there = this.device.gatt.connected || outcome === "bluetooth.not_connected";
      throw failed(there ? outcome : "bluetooth.link_lost", error);
    }
  }

  /* Trackers without this service go on. */
  async proveCurrent(server) {
    const service = await optional(() => server.getPrimaryService(CONFIRMATION));
    const pointer = service && (await optional(() => service.getCharacteristic(POINTER)));
    const ephemeral = service && (await optional(() => service.getCharacteristic(EPHEMERAL)));
    if (!pointer || !ephemeral) return;
    await this.step("bluetooth.not_connected", async () => {
      await pointer.readValue();
      await ephemeral.writeValueWithResponse(Uint8Array.of(0));
    });
  }

  /* Reading what needs a key makes the system ask for a bond; and what the link carries at once is told beside it. */
  async bond(server) {
    const service = await optional(() => server.getPrimaryService(LINK_STATUS));
    const secure = service && (await optional(() => service.getCharacteristic(SECURE)));
    if (secure) await this.step("bluetooth.pairing_refused", () => secure.readValue());
    const configuration = service && (await optional(() => service.getCharacteristic(CONFIGURATION)));
    const value = configuration && (await optional(() => configuration.readValue()));
    if (value && value.byteLength >= 8) this.packetBytes = packetBytes(value.getUint16(6, true));
  }
}

/* Longest packet we send, by the ATT MTU that the tracker tells: browsers tell none, and refuse longer writes. */
export function packetBytes(mtu) {
  const valueBytes = Math.min(mtu - ATT_HEADER_BYTES, PACKET_LIMIT_BYTES);
  return valueBytes > PACKET_DEFAULT_BYTES ? gattPacketBytes(valueBytes) : PACKET_DEFAULT_BYTES;
}

async function gattlinkOf(server) {
  return (await optional(() => server.getPrimaryService(GATTLINK))) ?? server.getPrimaryService(GATTLINK_SIG);
}

async function optional(act) {
  try {
    return await act();
  } catch {
    return null;
  }
}

function failed(outcome, error) { return new TrackerError(outcome, printable(`${error.name}: ${error.message}`, 160)); }
