"""What the door says when it cannot do what it was asked, in Danish and, where asked for, in English."""

from starlette.requests import Request

_WORDS = {
    "not_json": (
        "Underretningen kunne ikke læses som JSON. Send den igen, eller ring {duty}.",
        "The report could not be read as JSON. Send it again, or call {duty}.",
    ),
    "too_large": (
        "Underretningen er for stor. Send højst 256 kB uden vedhæftede filer, eller ring {duty}.",
        "The report is too large. Send at most 256 kB without attachments, or call {duty}.",
    ),
    "unavailable": (
        "Den er ikke sendt endnu. Prøv igen om lidt. Haster det, så ring {duty}.",
        "It has not been sent yet. Try again shortly. If it is urgent, call {duty}.",
    ),
    "no_receipt": (
        "Reference og kode passer ikke sammen. Tjek dem, eller ring {duty}.",
        "The reference and the code do not match. Check them, or call {duty}.",
    ),
}


def say(code: str, request: Request, *, duty_phone: str) -> str:
    """The sentence for a code, in the language the request asks for (RFC 9110 § 12.5.4)."""
    english = request.headers.get("accept-language", "").lower().startswith("en")
    return _WORDS[code][english].format(duty=duty_phone)
