"""`python -m deploy.cli`: the command `beredskab`."""

from deploy.cli.main import main

if __name__ == "__main__":
    main()
