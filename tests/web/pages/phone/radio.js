/* Stands in for navigator.bluetooth, and for nothing else: what is written goes to the test by unstuckRadio(), and the
   test's notifications come by unstuckHeard(). One tracker with the services of a real one. */
"use strict";
(() => {
  const id = (short) => `${short}-e56a-484c-b832-8b17cf6cbfe8`;
  const SERVICES = { [id("abbaff00")]: [id("abbaff01"), id("abbaff02")], [id("abbafd00")]: [id("abbafd01"), id("abbafd03")] };
  const base64 = (raw) => btoa(String.fromCharCode(...raw));
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const refusal = (name, text) => new DOMException(text, name);
  let device = null, notifying = null;

  class Characteristic extends EventTarget {
    constructor(uuid) { super(); this.uuid = uuid; this.value = null; }
    async writeValueWithoutResponse(raw) {
      if (!device.gatt.connected) throw refusal("NetworkError", "GATT Server is disconnected.");
      await window.unstuckRadio("write", base64(new Uint8Array(raw.buffer ?? raw, raw.byteOffset, raw.byteLength)));
    }
    async readValue() {
      const said = await window.unstuckRadio("read", this.uuid);
      if (said === null) throw refusal("NotSupportedError", "GATT operation not permitted.");
      return new DataView(bytes(said).buffer);
    }
    async startNotifications() {
      notifying = this;
      await window.unstuckRadio("subscribe", this.uuid);
      return this;
    }
  }

  class Service {
    constructor(uuid) { this.uuid = uuid; }
    async getCharacteristic(uuid) {
      if (!SERVICES[this.uuid].includes(uuid)) throw refusal("NotFoundError", "No Characteristics matching UUID.");
      return new Characteristic(uuid);
    }
  }

  class Server {
    constructor() { this.connected = false; }
    async connect() {
      if (!(await window.unstuckRadio("connect", ""))) throw refusal("NetworkError", "Connection attempt failed.");
      this.connected = true;
      return this;
    }
    disconnect() {
      if (!this.connected) return;
      window.unstuckGone();
      window.unstuckRadio("disconnect", "");
    }
    async getPrimaryService(uuid) {
      if (!(uuid in SERVICES)) throw refusal("NotFoundError", "No Services matching UUID found in Device.");
      return new Service(uuid);
    }
  }

  class Device extends EventTarget {
    constructor() { super(); this.gatt = new Server(); this.name = "Band"; this.id = "band"; }
  }

  class Bluetooth extends EventTarget {
    async getAvailability() { return true; }
    async requestDevice() {
      if (!navigator.userActivation.isActive) throw refusal("SecurityError", "Must be handling a user gesture.");
      if (!(await window.unstuckRadio("choose", ""))) throw refusal("NotFoundError", "User cancelled the requestDevice() chooser.");
      device = new Device();
      return device;
    }
  }

  window.unstuckHeard = (packets) => {
    for (const packet of packets) {
      if (!device?.gatt.connected || notifying === null) return;
      notifying.value = new DataView(bytes(packet).buffer);
      notifying.dispatchEvent(new Event("characteristicvaluechanged"));
    }
  };
  window.unstuckGone = () => {
    if (!device?.gatt.connected) return;
    device.gatt.connected = false;
    notifying = null;
    device.dispatchEvent(new Event("gattserverdisconnected"));
  };
  Object.defineProperty(navigator, "bluetooth", { value: new Bluetooth(), configurable: true });
})();
