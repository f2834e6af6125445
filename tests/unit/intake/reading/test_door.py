"""The door stays light: it accepts reports and never loads what reads them."""

import subprocess
import sys


def test_the_door_loads_neither_the_lexicon_nor_the_dictionary() -> None:
    code = (
        "import sys, services.intake.app, services.intake.web.reports; "
        "print([name for name in sys.modules if name.startswith(('simplemma', 'services.intake.reading'))])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert answer.stdout.strip() == "[]"
