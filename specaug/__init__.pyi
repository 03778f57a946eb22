"""The public names of specaug, a line each: type checkers read them here, and ``specaug/__init__.py`` loads them from
here when they are first used. To make a name public, add its line.
"""

from specaug import augment as augment
from specaug import metrics as metrics
from specaug import model as model
from specaug import spectrum as spectrum
from specaug.align import align_face as align_face
from specaug.attribution import explain as explain
from specaug.augment import Recipe as Recipe
from specaug.augment import SpoofProfile as SpoofProfile
from specaug.augment import band_scale as band_scale
from specaug.augment import bandpass_inject as bandpass_inject
from specaug.augment import fda as fda
from specaug.augment import fourier_basis as fourier_basis
from specaug.augment import grain as grain
from specaug.augment import halftone as halftone
from specaug.augment import jpeg as jpeg
from specaug.augment import moire as moire
from specaug.augment import recapture_blur as recapture_blur
from specaug.augment import recapture_print as recapture_print
from specaug.augment import recapture_screen as recapture_screen
from specaug.augment import scene_blur as scene_blur
from specaug.augment import spectral_jitter as spectral_jitter
from specaug.augment import spectral_mix as spectral_mix
from specaug.augment import tone as tone
from specaug.augment.profile import profile as profile
from specaug.color import hsv_to_rgb as hsv_to_rgb
from specaug.color import rgb_to_hsv as rgb_to_hsv
from specaug.demo_data import demo as demo
from specaug.differences import compare as compare
from specaug.errors import SpecaugError as SpecaugError
from specaug.html_report import report as report
from specaug.integrations.albumentations import SpectralTransform as SpectralTransform
from specaug.integrations.torch import SpectralAugment as SpectralAugment
from specaug.loader import LoadConfig as LoadConfig
from specaug.loader import load as load
from specaug.pipeline import build_dataset as build_dataset
from specaug.pipeline import finalize as finalize
from specaug.pipeline import fit_profile as fit_profile
from specaug.pipeline import scan as scan
from specaug.pipeline import synthesize as synthesize
from specaug.pipeline import verify as verify
from specaug.pipeline.retry import retry as retry
from specaug.preview_sheet import preview as preview
from specaug.records import BuildConfig as BuildConfig
from specaug.records import BuildReport as BuildReport
from specaug.sampling import frame_indices as frame_indices
from specaug.spectrum import band_mask as band_mask
from specaug.spectrum import log_spectrum as log_spectrum
from specaug.spectrum import radial_frequency as radial_frequency
from specaug.spectrum import radial_profile as radial_profile
from specaug.spectrum import temporal_spectrum as temporal_spectrum
from specaug.training import TrainConfig as TrainConfig
from specaug.training import ablate as ablate
from specaug.training import evaluate as evaluate
from specaug.training import export as export
from specaug.training import train as train

__version__: str
__all__: list[str]
