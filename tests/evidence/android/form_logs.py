"""SYNTHETIC log parts of a report: see tests/evidence/android/forms.py."""

FITBIT = "com.fitbit.FitbitMobile"
OTHER = "com.example.player"
UID = 10140
PID = 4711


def system_log(uid: bool = True) -> str:
    """Both layouts: with the user id column (from 8 in reports) and without."""
    who = f"{UID:5d} " if uid else ""
    system = " 1000 " if uid else ""
    bluetooth = " 1002 " if uid else ""
    rows = [
        "--------- beginning of main",
        f"08-19 14:00:00.100 {system} 1500  1520 I ActivityManager: Start proc {PID}:{FITBIT}/u0a140 for service "
        f"{{{FITBIT}/{FITBIT}.Sync}}",
        f"08-19 14:00:01.000 {who} {PID}  4712 D BluetoothGatt: onClientConnectionState() - status=133 clientIf=6 "
        "device=AA:BB:CC:11:22:33",
        f"08-19 14:00:02.000 {who} {PID}  4712 D BluetoothGatt: onClientConnectionState() - status=0 clientIf=6 "
        "connected=true device=AA:BB:CC:11:22:33",
        f"08-19 14:00:03.000 {bluetooth} 2001  2002 W bt_stack: [WARNING:gatt] packages/modules/Bluetooth/x.cc:12 "
        "bta_gattc_conn_cback: Disconnected cid:12 transport:BT_TRANSPORT_LE reason:GATT_CONN_TIMEOUT",
        f"08-19 14:00:03.100 {bluetooth} 2001  2002 W bt_btm_sec: x.cc:4098 btm_sec_disconnected: Got uncommon "
        "disconnection reason:HCI_ERR_CONNECTION_TOUT handle:0x0042",
        f"08-19 14:00:04.000 {bluetooth} 2001  2002 E BtGatt.GattService: can't Register GATT client, "
        "MAX client reached: 32",
        f"08-19 14:00:05.000 {who} {PID}  4712 E BluetoothLeScanner: java.lang.SecurityException: Need android."
        "permission.BLUETOOTH_SCAN permission for AttributionSource { uid = 10140, packageName = " + FITBIT + " }",
        f"08-19 14:00:06.000 {who} {PID}  4712 I okhttp.OkHttpClient: <-- 401 https://api.example.com/1/user (210ms)",
        f"08-19 14:00:07.000 {who} {PID}  4712 W SyncTask: java.net.UnknownHostException: Unable to resolve host",
        f"08-19 14:00:08.000 {who} {PID}  4712 E SQLiteLog: (11) database disk image is malformed",
        f"08-19 14:00:09.000 {who} {PID}  4712 E SQLiteLog: (13) SQLITE_FULL",
        f"08-19 14:00:10.000 {who} {PID}  4712 E Net     : javax.net.ssl.SSLHandshakeException: Trust anchor",
        "08-19 14:00:11.000 " + ("10007 " if uid else "") + " 3333  3333 W Other   : HTTP 500 of somebody else",
        f"08-19 14:00:12.000 {system} 1500  1520 I ActivityManager: Killing {PID}:{FITBIT}/u0a140 (adj 985): empty #17",
        f"08-19 14:00:20.000 {system} 1500  1520 E SyncManager: failed sync operation JobId=1 XXX/com.google u0 "
        f"[{FITBIT}.provider] SyncResult: stats [ numIoExceptions: 1]",
        f"08-19 14:00:30.000 {who} {PID + 1}  9999 E AndroidRuntime: FATAL EXCEPTION: main",
        f"08-19 14:00:30.000 {who} {PID + 1}  9999 E AndroidRuntime: Process: {FITBIT}, PID: {PID + 1}",
        f"08-19 14:00:30.000 {who} {PID + 1}  9999 E AndroidRuntime: java.lang.IllegalStateException: made up",
    ]
    return "\n".join(rows) + "\n"


def event_log(uid: bool = True) -> str:
    system = " 1000 " if uid else ""
    return (
        "\n".join(
            [
                f"08-19 14:00:00.099 {system} 1500  1520 I am_proc_start: [0,{PID},{UID},{FITBIT},service,"
                f"{{{FITBIT}/.Sync}}]",
                f"08-19 14:00:12.001 {system} 1500  1520 I am_kill : [0,{PID},{FITBIT},985,empty #17]",
                f"08-19 14:05:00.000 {system} 1500  1520 I am_kill : [0,4800,{FITBIT},905,OneKeyClean]",
                f"08-19 14:06:00.000 {system} 1500  1520 I am_kill : [0,4801,{FITBIT}:remote,905,cached idle & "
                "background "
                "restricted,12345]",
                f"08-19 14:07:00.000 {system} 1500  1520 I am_kill : [0,4802,{OTHER},905,empty #17]",
                f"08-19 14:00:30.001 {system} 1500  1520 I am_crash: [{PID + 1},0,{FITBIT},952680005,"
                "java.lang.IllegalStateException,made up,X.java,1]",
                f"08-19 14:08:00.000 {system} 1500  1520 I am_crash: [2001,0,com.android.bluetooth,1,"
                "Native crash,x,y,0]",
                f"08-19 14:09:00.000 {system} 1500  1520 I battery_saver_mode: [0,0,1,0,1,x,2]",
            ]
        )
        + "\n"
    )
