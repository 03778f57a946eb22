"""Names at the edges of what each data set holds, and the species of every code in a name."""

from __future__ import annotations

import pytest
from reading import facts, read, reason_of

EDGES = [
    ("oulu-npu", "Train_files/1_1_00_1.avi", False),
    ("oulu-npu", "Train_files/6_3_20_5.avi", True),
    ("oulu-npu", "Train_files/1_1_21_1.avi", False),
    ("oulu-npu", "Dev_files/1_1_20_1.avi", False),
    ("oulu-npu", "Dev_files/1_1_35_1.avi", True),
    ("oulu-npu", "Dev_files/1_1_36_1.avi", False),
    ("oulu-npu", "Test_files/1_1_55_1.avi", True),
    ("oulu-npu", "Test_files/1_1_56_1.avi", False),
    ("oulu-npu", "Test_files/0_1_40_1.avi", False),
    ("siw", "Train/live/000/000-1-1-1-1.mov", False),
    ("siw", "Train/live/001/001-1-1-4-2.mov", True),
    ("siw", "Test/live/165/165-2-1-1-1.m.mov", True),
    ("siw", "Test/spoof/165/165-2-3-4-1.mov", True),
    ("siw", "Test/spoof/165/165-2-2-2-1.mov", True),
    ("siw", "Test/spoof/165/165-3-2-2-1.mov", False),
    ("siw", "Test/spoof/165/165-2-4-1-1.mov", False),
    ("siw", "Test/spoof/165/165-2-3-5-1.mov", False),
    ("siw", "Test/spoof/165/165-2-3-1-3.mov", False),
    ("casia-fasd", "train_release/0/1.avi", False),
    ("casia-fasd", "train_release/20/8.avi", True),
    ("casia-fasd", "test_release/30/HR_4.avi", True),
    ("casia-fasd", "test_release/31/1.avi", False),
    ("casia-fasd", "test_release/1/HR_0.avi", False),
    ("replay-mobile", "test/real/client002_session02_authenticate_mobile_direct.mov", True),
    ("replay-mobile", "test/real/client041_session02_authenticate_mobile_direct.mov", False),
    ("replay-mobile", "test/real/client000_session02_authenticate_mobile_direct.mov", False),
    ("replay-mobile", "devel/real/client040_session02_authenticate_tablet_adverse.mov", True),
    ("replay-mobile", "devel/real/client040_session01_authenticate_tablet_adverse.mov", False),
    ("3dmad", "00_01_01.hdf5", False),
    ("3dmad", "01_01_01.hdf5", True),
    ("3dmad", "x/y/17_03_05.h5", True),
    ("3dmad", "17_00_05.hdf5", False),
    ("3dmad", "17_03_00.hdf5", False),
    ("hkbu-mars", "real/01/01_01.avi", True),
    ("hkbu-mars", "real/01/07_99_any thing.avi", True),
    ("hkbu-mars", "real/01/00_01_x.avi", False),
    ("hkbu-mars", "real/01/01_1_x.avi", False),
    ("hkbu-mars", "real/1/01_01_x.avi", False),
    ("rose-youtu", "G_T_HS_wg_any-where_3_14.mp4", True),
    ("rose-youtu", "a/b/17_Pq_NT_ZTE_g_E_3_1.mp4", True),
    ("rose-youtu", "a_Pq_NT_ZTE_g_E_3_1.mp4", False),
    ("rose-youtu", "Pq_N_ZTE_g_E_3_1.mp4", False),
    ("rose-youtu", "Pq_NT_ZTE_g_E_x_1.mp4", False),
    ("wmca", "001_01_000_0_00.hdf5", True),
    ("wmca", "a/001_01_000_0_00.avi", True),
    ("wmca", "a/001_01_000_1_00.hdf5", False),
    ("wmca", "a/001_01_00_0_00.hdf5", False),
    ("lcc-fasd", "LCC_FASD_training/real/any thing.png", True),
    ("lcc-fasd", "LCC_FASD_training/real/deeper/1.png", False),
    ("siw-m", "Live/Train/Live_0.mov", True),
    ("siw-m", "Live/Dev/Live_0.mov", False),
    ("siw-m", "Spoof/Replay/Replay.mov", False),
    ("celeba-spoof", "Data/train/any/live/7.jpg", True),
    ("celeba-spoof", "Data/train/any/live/x7.jpg", False),
    ("nuaa", "Detectedface/ClientFace/0001_00_00_01_0.bmp", True),
    ("nuaa", "NormalizedFace/ImposterNormalized/0001/0001_00_00_01_12.bmp", True),
    ("nuaa", "NormalizedFace/ImposterRaw/0001/0001_00_00_01_12.bmp", False),
    ("replay-attack", "enroll/client001_session01_webcam_enroll_x.mov", False),
    ("msu-mfsd", "attack/attack_client001_laptop_SD_ipad_video_scene01.mov", True),
    ("msu-mfsd", "scene01/real/real_client001_laptop_SD_ipad_video_scene01.mov", False),
    ("msu-mfsd", "scene01/attack/attack_client001_laptop_SD_scene01.mov", False),
    ("msu-mfsd", "scene01/real/real_client052_laptop_SD_scene01.mov", False),
]  # fmt: skip


@pytest.mark.parametrize(("name", "path", "understood"), EDGES)
def test_a_name_is_understood_up_to_the_edge_and_not_beyond(tmp_path, name, path, understood):
    reading = read(name, {path: None}, tmp_path)
    assert [s.path for s in reading.sources] == [path] * understood
    assert [s.path for s in reading.skipped] == [path] * (not understood)
    if not understood:
        assert len(reason_of(reading, path)) > 10


ROSE = {
    "G": "none",
    "Ps": "print/still",
    "Pq": "print/quivering",
    "Vl": "replay/lenovo",
    "Vm": "replay/mac",
    "Mc": "mask/cropped",
    "Mf": "mask/full",
    "Mu": "mask/upper",
}
CASIA = {
    **dict.fromkeys(("1", "2", "HR_1"), "none"),
    **dict.fromkeys(("3", "4", "HR_2"), "print/warped"),
    **dict.fromkeys(("5", "6", "HR_3"), "print/cut"),
    **dict.fromkeys(("7", "8", "HR_4"), "replay"),
}
OULU = {"1": "none", "2": "print/1", "3": "print/2", "4": "replay/1", "5": "replay/2"}
SIW = {
    "2-1": "print/1",
    "2-2": "print/2",
    "3-1": "replay/1",
    "3-2": "replay/2",
    "3-3": "replay/3",
    "3-4": "replay/4",
}
CODES = [
    ("oulu-npu", "Dev_files/1_1_21_{}.avi", OULU),
    ("rose-youtu", "{}_NT_5s_g_E_2_1.mp4", ROSE),
    ("casia-fasd", "train_release/3/{}.avi", CASIA),
    ("wmca", "001_01_000_{}_07.hdf5", {"0": "none", "2": "mask/2_07", "3": "print/3_07"}),
    ("siw", "Train/spoof/003/003-1-{}-1.mov", SIW),
    (
        "siw-m",
        "Spoof/{}_1.mov",
        {
            "Makeup_Cosmetic/Makeup_Co": "makeup/cosmetic",
            "Makeup_Impersonation/Makeup_Im": "makeup/impersonation",
            "Makeup_Obfuscation/Makeup_Ob": "makeup/obfuscation",
            "Mask_MannequinHead/Mask_Mann": "mask/mannequin",
            "Mask_SiliconeMask/Mask_Silicone": "mask/silicone",
            "Mask_HalfMask/Mask_Half": "mask/half",
            "Mask_PaperMask/Mask_Paper": "mask/paper",
            "Mask_TransparentMask/Mask_Trans": "mask/transparent",
            "Paper/Paper": "print",
            "Replay/Replay": "replay",
            "Partial_FunnyeyeGlasses/Partial_Funnyeye": "partial/funnyeye_glasses",
            "Partial_PaperGlasses/Partial_Paperglass": "partial/paper_glasses",
            "Partial_Eye/Partial_Eye": "partial/eye",
            "Partial_Mouth/Partial_Mouth": "partial/mouth",
        },
    ),
    (
        "replay-attack",
        "test/attack/fixed/attack_{}_adverse.mov",
        {
            "print_client041_session01_highdef_photo": "print",
            "mobile_client041_session01_mobile_photo": "replay/mobile_photo",
            "mobile_client041_session01_mobile_video": "replay/mobile_video",
            "highdef_client041_session01_highdef_photo": "replay/highdef_photo",
            "highdef_client041_session01_highdef_video": "replay/highdef_video",
        },
    ),
    (
        "replay-mobile",
        "train/attack/attack_client001_session01_{}_lighton.mov",
        {
            "mattescreen_fixed_tablet_photo": "replay/mattescreen_photo",
            "mattescreen_fixed_mobile_video": "replay/mattescreen_video",
            "print_hand_mobile_photo": "print",
            "print_fixed_tablet_photo": "print",
        },
    ),
    (
        "msu-mfsd",
        "scene01/attack/attack_client001_android_SD_{}_scene01.mp4",
        {"ipad_video": "replay/ipad", "iphone_video": "replay/iphone", "printed_photo": "print"},
    ),
]


@pytest.mark.parametrize(("name", "path", "codes"), CODES)
def test_every_code_in_a_name_has_its_species(tmp_path, name, path, codes):
    reading = read(name, {path.format(code): None for code in codes}, tmp_path)
    found = {source.path: source.pai for source in reading.sources}
    assert found == {path.format(code): pai for code, pai in codes.items()}


QUALITY = {"low": "2468", "normal": "1357"}


def test_the_quality_of_casia_is_in_the_number(tmp_path):
    reading = read("casia-fasd", {f"train_release/3/{stem}.avi": None for stem in CASIA}, tmp_path)
    devices = {source.session: source.device for source in reading.sources}
    assert devices == {
        stem: next((q for q, stems in QUALITY.items() if stem in stems), "high") for stem in CASIA
    }


LIVES = [
    ("siw-m", "Live/Test/Live_3.mov", ("bonafide", "none", None, None, None, "test")),
    ("siw-m", "Live/Train/Live_3.mov", ("bonafide", "none", None, None, None, "train")),
    ("siw", "Train/live/003/003-2-1-4-2.mov", ("bonafide", "none", "003", "4-2", "2", "train")),
    ("wmca", "x/501_03_001_2_18.hdf5", ("attack", "mask/2_18", "501", "03", None, "train")),
    ("hkbu-mars", "real/07/06_12_x.avi", ("bonafide", "none", "07", "12", "06", "train")),
    ("lcc-fasd", "LCC_FASD_training/real/1.png", ("bonafide", "none", None, None, None, "train")),
    ("lcc-fasd", "LCC_FASD_evaluation/spoof/1.png", ("attack", "unknown", None, None, None, "test")),
    ("celeba-spoof", "Data/test/77/spoof/1.png", ("attack", "unknown", "77", None, None, "test")),
    ("nuaa", "raw/ImposterRaw/0003_00_00_01_0.jpg", ("attack", "print", "0003", None, None, "train")),
    (
        "replay-mobile",
        "devel/attack/attack_client005_session01_print_hand_tablet_photo_lighton.mov",
        ("attack", "print", "005", "hand_lighton", "tablet", "dev"),
    ),
    (
        "replay-attack",
        "train/real/client009_session01_webcam_authenticate_controlled_1.mov",
        ("bonafide", "none", "009", "controlled_1", "webcam", "train"),
    ),
]


@pytest.mark.parametrize(("name", "path", "expected"), LIVES)
def test_a_name_alone_means(tmp_path, name, path, expected):
    (source,) = read(name, {path: None}, tmp_path).sources
    assert facts(source) == expected
