"""``getprop``."""

from unstuck.lab.phone.dumps.view import View
from unstuck.lab.phone.models import BUILD


def table(view: View) -> dict[str, str]:
    """Every property by its name."""
    model, built = view.model, view.built
    return {
        "gsm.version.baseband": "synthetic",
        "init.svc.adbd": "running",
        "persist.sys.locale": "en-GB",
        "persist.sys.timezone": view.state.zone,
        "ro.boot.bootreason": view.state.boot_reason,
        "ro.bootloader": "synthetic",
        "ro.build.characteristics": "nosdcard",
        "ro.build.date": f"{built:%a %b} {built.day:>2} {built:%H:%M:%S} UTC {built:%Y}",
        "ro.build.date.utc": str(int(built.timestamp())),
        "ro.build.display.id": BUILD,
        "ro.build.fingerprint": model.fingerprint,
        "ro.build.id": BUILD,
        "ro.build.type": "user",
        "ro.build.version.release": str(model.android),
        "ro.build.version.sdk": str(model.sdk),
        "ro.build.version.security_patch": model.patch,
        "ro.product.brand": model.brand,
        "ro.product.device": model.codename,
        "ro.product.manufacturer": model.maker,
        "ro.product.model": model.model,
        "ro.product.name": model.product,
        "ro.serialno": "UNSTUCKSYNTHETIC",
        "sys.boot_completed": "1",
        **_skin(view),
    }


def _skin(view: View) -> dict[str, str]:
    """What tools look at to know a maker's Android by."""
    skin = view.model.skin
    version = skin.rpartition(" ")[2]
    if skin.startswith("MIUI"):
        return {"ro.miui.ui.version.name": f"V{version}0", "ro.miui.ui.version.code": version}
    if skin.startswith("HyperOS"):
        return {"ro.miui.ui.version.name": "V816", "ro.mi.os.version.name": f"OS{version}"}
    if skin.startswith("One UI"):
        return {"ro.build.version.oneui": "60100"}
    if skin.startswith("EMUI"):
        return {"ro.build.version.emui": f"EmotionUI_{version}.0"}
    if "ColorOS" in skin:
        return {"ro.build.version.oplusrom": "V13.0.0"}
    return {}


def dump(view: View) -> str:
    """All of them, as ``getprop`` prints them."""
    return "".join(f"[{name}]: [{value}]\n" for name, value in sorted(table(view).items()))
