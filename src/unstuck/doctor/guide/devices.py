"""Whose phone and whose tracker it is: the choices, and the questions that are answered by it."""

from collections.abc import Mapping

from unstuck.doctor.makers import RANKS

PHONES: Mapping[str, str] = {
    "iphone": "iPhone",
    "samsung": "Samsung",
    "google": "Google Pixel",
    "xiaomi": "Xiaomi, Redmi or Poco",
    "huawei": "Huawei or Honor",
    "oneplus": "OnePlus",
    "oppo": "Oppo",
    "vivo": "vivo or iQOO",
    "realme": "realme",
    "motorola": "Motorola",
    "sony": "Sony",
    "nokia": "Nokia or HMD",
    "asus": "Asus",
    "android": "Another Android phone",
}
"""Id of the platform or maker, and its name for a person; the common ones first."""

MAKES: Mapping[str, str] = {
    "fitbit": "Fitbit",
    "garmin": "Garmin",
    "huami": "Amazfit, Zepp or Mi Band",
    "xiaomi": "Xiaomi or Redmi",
    "samsung": "Samsung",
    "pixelwatch": "Google Pixel Watch",
    "huawei": "Huawei or Honor",
    "oura": "Oura",
    "whoop": "WHOOP",
    "polar": "Polar",
    "withings": "Withings",
    "other": "Another make",
}
"""Id of the vendor's profile, and the make for a person; ``other`` has none."""


def system_of(phone: str) -> str:
    """``iphone``, ``android``, or ``any`` where it is not known."""
    if phone not in PHONES:
        return "any"
    return "iphone" if phone == "iphone" else "android"


def implied(phone: str) -> dict[str, str]:
    """Answers (question to answer) that need not be asked for once the phone is known."""
    if phone not in PHONES or phone == "android":
        return {}
    answers = {"phone_maker": "strict" if phone in RANKS else "other"}
    if phone == "iphone":
        answers["location_switch"] = "on"  # an iPhone needs no location to find a tracker
    return answers
