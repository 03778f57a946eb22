"""``python -m specaug_cli``, for torchrun and for machines where scripts are not on the path."""

from specaug_cli.main import main

if __name__ == "__main__":
    main()
