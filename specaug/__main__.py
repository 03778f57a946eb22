"""``python -m specaug`` is the command ``specaug``: for torchrun, and where scripts are not on the path."""

from specaug_cli.main import main

if __name__ == "__main__":
    main()
