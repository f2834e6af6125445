"""`python -m deploy.cli`: the command `beredskab`."""

import sys

if __name__ == "__main__":
    try:
        from deploy.cli.main import main
    except ModuleNotFoundError as error:
        sys.exit(f"The Python module {error.name} is missing: delete .venv, then run `make setup`.")
    main()
