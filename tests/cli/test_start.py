"""The program starts quickly: what takes seconds to load is loaded only by the commands that compute."""

import subprocess
import sys

PROGRAM = """
import sys
from jianghu.cli.app import main
sys.argv = ["jianghu", "--help"]
try:
    main()
except SystemExit:
    pass
print(*sorted({"torch", "bokeh", "optuna", "fastapi", "huggingface_hub"} & set(sys.modules)), file=sys.stderr)
"""


def test_help_loads_neither_pytorch_nor_charts_nor_a_server():
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=120)
    assert "pretrain" in ended.stdout
    assert ended.stderr.strip() == ""
