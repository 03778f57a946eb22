"""Synthetic trees of the data sets, from the rules of their names: one generator for each layout.

A tree is a mapping from path to text; media have the text ``None`` and get their content when they are written.
Sizes are those of the real data sets where they are published, else a few; `few` keeps a handful of subjects.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from specaug.catalog.tree import Skipped, Tree, is_media

Files = dict[str, str | None]

MSU_TRAIN = (2, 3, 5, 6, 7, 8, 9, 11, 12, 21, 22, 34, 53, 54, 55)
MSU_TEST = (1, 13, 14, 23, 24, 26, 28, 29, 30, 32, 33, 35, 36, 37, 39, 42, 48, 49, 50, 51)
MOBILE_TRAIN = (1, 3, 8, 11, 12, 16, 18, 20, 26, 34, 37, 38)
MOBILE_DEVEL = (5, 6, 13, 14, 15, 23, 24, 25, 28, 29, 31, 32, 35, 36, 39, 40)
MOBILE_TEST = tuple(sorted(set(range(1, 41)) - set(MOBILE_TRAIN) - set(MOBILE_DEVEL)))
SIW_M = {
    "Makeup_Cosmetic": ("Makeup_Co", 52),
    "Makeup_Impersonation": ("Makeup_Im", 61),
    "Makeup_Obfuscation": ("Makeup_Ob", 22),
    "Mask_MannequinHead": ("Mask_Mann", 40),
    "Mask_SiliconeMask": ("Mask_Silicone", 17),
    "Paper": ("Paper", 135),
    "Replay": ("Replay", 98),
    "Partial_FunnyeyeGlasses": ("Partial_Funnyeye", 179),
    "Partial_PaperGlasses": ("Partial_Paperglass", 76),
    "Partial_Eye": ("Partial_Eye", 57),
    "Partial_Mouth": ("Partial_Mouth", 29),
    "Mask_HalfMask": ("Mask_Half", 72),
    "Mask_PaperMask": ("Mask_Paper", 17),
    "Mask_TransparentMask": ("Mask_Trans", 60),
}


def media(paths: Iterable[str]) -> Files:
    return dict.fromkeys(paths)


def _few(items: Iterable, few: int | None) -> list:
    return list(items)[:few]


def oulu_npu(
    few: int | None = None, *, lists: bool = True, doubled: bool = False, eyes: bool = False
) -> Files:
    """4,950 videos; `few` users a split."""
    users = {"Train": range(1, 21), "Dev": range(21, 36), "Test": range(36, 56)}
    files: Files = {}
    rows: dict[str, list[tuple[int, int, int, int]]] = {}
    for folder, numbers in users.items():
        inner = f"{folder}_files/{folder}_files" if doubled else f"{folder}_files"
        rows[folder] = [
            (phone, session, user, file)
            for user in _few(numbers, few)
            for phone in range(1, 7)
            for session in (1, 2, 3)
            for file in range(1, 6)
        ]
        for row in rows[folder]:
            files[f"{inner}/{_oulu_name(row)}.avi"] = None
            if eyes:
                files[f"{inner}/{_oulu_name(row)}.txt"] = "".join(f"{t},60,50,100,50\n" for t in range(8))
    if lists:
        top = "Protocols/Protocols" if doubled else "Protocols"
        files |= {f"{top}/{name}": text for name, text in _oulu_lists(rows).items()}
    return files


def _oulu_name(row: tuple[int, int, int, int]) -> str:
    return "{}_{}_{:02}_{}".format(*row)


def _oulu_lists(rows: dict[str, list[tuple[int, int, int, int]]]) -> Files:
    """The lists, written from the table of the four protocols and not from the reader's rule."""
    lists: Files = {}
    for folder, all_rows in rows.items():
        test = folder == "Test"
        late, seen = {3}, {1, 2}
        kept_files = {1, 3, 5} if test else {1, 2, 4}
        for protocol in (1, 2, 3, 4):
            for fold in range(1, 7) if protocol > 2 else (0,):
                used = [
                    (phone, session, user, file)
                    for phone, session, user, file in all_rows
                    if (protocol not in (1, 4) or session in (late if test else seen))
                    and (protocol not in (2, 4) or file in kept_files)
                    and (not fold or (phone == fold if test else phone != fold))
                ]
                labels = {1: "+1", 2: "-1", 3: "-1", 4: "-2" if test else "-1", 5: "-2" if test else "-1"}
                # Some lists in the wild have a space behind the comma.
                text = "".join(f"{labels[row[3]]},{' ' * (protocol == 2)}{_oulu_name(row)}\n" for row in used)
                name = f"{folder}_{fold}.txt" if fold else f"{folder}.txt"
                lists[f"Protocol_{protocol}/{name}"] = text
    return lists


def siw(few: int | None = None) -> Files:
    """165 subjects, each with eight live and some spoof videos; 16 live names end in ``.m``."""
    paths: list[str] = []
    for folder, numbers in (("Train", range(1, 91)), ("Test", range(91, 166))):
        for number in _few(numbers, few):
            s = f"{number:03}"
            ends = {(2, 1, 1): ".m.mov"} if folder == "Test" and number < 107 else {}
            paths += [
                f"{folder}/live/{s}/{s}-{sensor}-1-{medium}-{session}{ends.get((sensor, medium, session), '.mov')}"
                for sensor in (1, 2)
                for medium in (1, 2)
                for session in (1, 2)
            ]
            paths += [f"{folder}/spoof/{s}/{s}-1-2-{medium}-1.mov" for medium in (1, 2)]
            paths += [f"{folder}/spoof/{s}/{s}-{number % 2 + 1}-3-{medium}-2.mp4" for medium in (1, 2, 3, 4)]
    return media(paths)


def siw_m(few: int | None = None, *, lists: bool = True) -> Files:
    """785 live and 915 spoof videos; every other one in the train lists, of which some repeat."""
    live = [f"Live_{n}" for n in _few(range(1, 786), few)]
    spoof = {
        folder: [f"{start}_{n}" for n in _few(range(1, count + 1), few)]
        for folder, (start, count) in SIW_M.items()
    }
    files = media([f"Live/{stem}.mov" for stem in live])
    files |= media([f"Spoof/{folder}/{stem}.mp4" for folder, stems in spoof.items() for stem in stems])
    if lists:
        stems = [stem for group in spoof.values() for stem in group]
        for k, split in enumerate(("train", "test")):
            files[f"pro_3_text/{split}list_live.txt"] = "\n".join(live[k::2]) + "\n"
            files[f"pro_3_text/{split}list_all.txt"] = "\n".join([*stems[k::2], *stems[k::4]]) + "\n"
    return files


def casia_fasd(few: int | None = None) -> Files:
    stems = [*"12345678", "HR_1", "HR_2", "HR_3", "HR_4"]
    return media(
        f"{folder}_release/{number}/{stem}.avi"
        for folder, last in (("train", 20), ("test", 30))
        for number in _few(range(1, last + 1), few)
        for stem in stems
    )


def replay_attack(few: int | None = None, *, boxes: bool = True) -> Files:
    """15, 15 and 20 clients, each with four live videos and twenty attacks; two enrolment clips each."""
    names: list[str] = []
    enroll: list[str] = []
    for group, clients in (("train", range(1, 16)), ("devel", range(21, 36)), ("test", range(41, 61))):
        for client in _few(clients, few):
            c = f"client{client:03}_session01"
            names += [
                f"{group}/real/{c}_webcam_authenticate_{light}_{take}"
                for light in ("controlled", "adverse")
                for take in (1, 2)
            ]
            names += [
                f"{group}/attack/{support}/attack_{device}_{c}_{sample}_{medium}_{light}"
                for support in ("fixed", "hand")
                for device, sample, medium in (
                    ("print", "highdef", "photo"),
                    ("mobile", "mobile", "photo"),
                    ("mobile", "mobile", "video"),
                    ("highdef", "highdef", "photo"),
                    ("highdef", "highdef", "video"),
                )
                for light in ("controlled", "adverse")
            ]
            enroll += [f"enroll/{group}/{c}_webcam_enroll_{light}" for light in ("controlled", "adverse")]
    files = media(f"{name}.mov" for name in (*names, *enroll))
    if boxes:
        text = "".join(f"{t} 40 20 80 80\n" for t in range(8))
        files |= {f"face-locations/{name}.face": text for name in names}
    files["protocols/clients.txt"] = "1 train\n"
    return files


def smalltest(files: Files) -> Files:
    """Lists of the protocol ``smalltest``: the first client's videos."""
    lists: Files = {}
    for group in ("train", "devel", "test"):
        mine = [path for path, text in files.items() if text is None and path.startswith(f"{group}/")]
        lists[f"protocols/real-{group}.txt"] = "\n".join(p for p in mine if "/real/" in p) + "\n"
        hands = [p for p in mine if "/hand/" in p]
        lists[f"protocols/attack-smalltest-allsupports-{group}.txt"] = "\n".join(hands) + "\n"
    return files | lists


def replay_mobile(few: int | None = None) -> Files:
    """40 clients; two of test lack five live videos each, so that there are 110, as published."""
    paths: list[str] = []
    for group, clients in (("train", MOBILE_TRAIN), ("devel", MOBILE_DEVEL), ("test", MOBILE_TEST)):
        for k, client in enumerate(_few(clients, few)):
            c = f"client{client:03}"
            paths += [
                f"{group}/real/{c}_session02_authenticate_{device}_{light}.mov"
                for device in (("mobile",) if group == "test" and not few and k < 2 else ("mobile", "tablet"))
                for light in ("controlled", "adverse", "direct", "lateral", "diffuse")
            ]
            kinds = [("mattescreen", "fixed", "photo"), ("mattescreen", "fixed", "video")]
            kinds += [("print", "fixed", "photo"), ("print", "hand", "photo")]
            paths += [
                f"{group}/attack/attack_{c}_session01_{kind}_{support}_{device}_{medium}_{light}.mov"
                for kind, support, medium in kinds
                for device in ("mobile", "tablet")
                for light in ("lighton", "lightoff")
            ]
            paths += [
                f"enroll/{group}/{c}_session01_enroll_{device}_{light}.mov"
                for device in ("mobile", "tablet")
                for light in ("lighton", "lightoff")
            ]
    return media(paths)


def msu_mfsd(few: int | None = None, *, lists: bool = True, scene: str = "scene01/") -> Files:
    files: Files = {}
    for clients in (MSU_TRAIN, MSU_TEST):
        for client in _few(clients, few):
            for camera, ending in (("android", "mp4"), ("laptop", "mov")):
                c = f"client{client:03}_{camera}_SD"
                files[f"{scene}real/real_{c}_scene01.{ending}"] = None
                for attack in ("ipad_video", "iphone_video", "printed_photo"):
                    files[f"{scene}attack/attack_{c}_{attack}_scene01.{ending}"] = None
    if lists:
        files["train_sub_list.txt"] = "".join(f"{n:02}\r\n" for n in MSU_TRAIN)
        files["test_sub_list.txt"] = "".join(f"{n:02}\r\n" for n in MSU_TEST)
    return files


def celeba_spoof(few: int | None = None, *, lists: bool = True) -> Files:
    """A few subjects (of 10,177) with one photo of each spoof type; boxes in a frame of 224 px."""
    files: Files = {}
    number = 0
    for split, subjects in (("train", range(1, 9)), ("test", range(5001, 5005))):
        labels: dict[str, list[int]] = {}
        for subject in _few(subjects, few):
            for kind in range(11):
                number += 1
                name = f"Data/{split}/{subject}/{'spoof' if kind else 'live'}/{number:06}"
                files[f"{name}.png"] = None
                files[f"{name}_BB.txt"] = "56 37 112 149 0.99\n"
                labels[f"{name}.png"] = [0] * 40 + [kind, 0 if not kind else 1, 0, int(kind > 0)]
        if lists:
            files[f"metas/intra_test/{split}_label.json"] = json.dumps(labels)
    return files


def rose_youtu(few: int | None = None) -> Files:
    return media(
        f"{person}/{kind}_{talking}_{device}_{glasses}_E_{person}_{number}.mp4"
        for person in _few(range(2, 12), few)
        for number, (kind, talking, device, glasses) in enumerate(
            [
                ("G", "NT", "5s", "g"), ("G", "T", "HS", "wg"), ("Ps", "NT", "HW", "wg"), ("Pq", "NT", "IP", "wg"),
                ("Vl", "NT", "ZTE", "wg"), ("Vm", "T", "5s", "g"), ("Mc", "NT", "5s", "wg"), ("Mf", "NT", "5s", "wg"),
                ("Mu", "NT", "5s", "wg"),
            ],
            start=1,
        )
    )  # fmt: skip


def mad3d(few: int | None = None) -> Files:
    folders = {1: "Data", 2: "Data 2", 3: "Data 3"}
    return media(
        f"{folders[session]}/{subject:02}_{session:02}_{video:02}.hdf5"
        for subject in _few(range(1, 18), few)
        for session in (1, 2, 3)
        for video in range(1, 6)
    )


def hkbu_mars(few: int | None = None) -> Files:
    return media(
        f"{kind}/{subject:02}/{sensor:02}_{light:02}_{subject:02}_1.avi"
        for kind in ("real", "attack")
        for subject in _few(range(1, 9), few)
        for sensor in range(1, 8)
        for light in (1, 2)
    )


def wmca(few: int | None = None) -> Files:
    return media(
        path
        for client in _few(range(1, 11), few)
        for path in (
            f"day1/{client:03}_01_000_0_00.hdf5",
            f"day1/{client:03}_02_000_0_01.hdf5",
            f"day1/{500 + client:03}_03_{client:03}_2_18.hdf5",
            f"day2/{client:03}_02_000_3_10.hdf5",
        )
    )


HQ_KINDS = (
    "Flexiblemask",
    "Glasses",
    "Makeup",
    "Mannequin",
    "Papermask",
    "Print",
    "Rigidmask",
    "Tattoo",
    "Replay",
)


def hq_wmca(few: int | None = None) -> Files:
    files: Files = {}
    rows: list[str] = []
    for split, first in (("train", 1), ("dev", 21), ("eval", 41)):
        for client in _few(range(first, first + 5), few):
            for k, kind in enumerate(("", *HQ_KINDS)):
                name = f"day{k % 2}/{client:03}_{k:02}_000_{int(k > 0)}_{k:02}"
                files[f"{name}.h5"] = None
                rows.append(f"{name},{int(k > 0)},{f'attack/{kind}' if kind else 'bonafide'},x,{split}")
    files["PROTOCOL-grand_test-curated.csv"] = "\n".join(rows) + "\n"
    replays = [row for row in rows if "attack/Replay" not in row or row.endswith("eval")]
    files["PROTOCOL-LOO_Replay.csv"] = "\n".join(replays) + "\n"
    return files


NUAA = {
    "raw": ("raw/ClientRaw", "raw/ImposterRaw", "jpg", "raw"),
    "face": ("Detectedface/ClientFace", "Detectedface/ImposterFace", "jpg", "Detectedface"),
    "normalized": (
        "NormalizedFace/ClientNormalized",
        "NormalizedFace/ImposterNormalized",
        "bmp",
        "NormalizedFace",
    ),
}


def nuaa(few: int | None = None, *, versions: Iterable[str] = NUAA) -> Files:
    """The same names in both classes; lists with backslashes and further columns."""
    files: Files = {}
    for version in versions:
        *folders, ending, top = NUAA[version]
        for person, folder in zip(("client", "imposter"), folders, strict=True):
            for split, subjects in (("train", range(1, 6)), ("test", range(6, 11))):
                lines = []
                for subject in _few(subjects, few):
                    for n in range(3):
                        name = f"{subject:04}/{subject:04}_00_00_01_{n}.{ending}"
                        files[f"{folder}/{name}"] = None
                        lines.append(name.replace("/", "\\") + (" 10 20" if version != "raw" else ""))
                files[f"{top}/{person}_{split}_{version}.txt"] = "\r\n".join(lines) + "\r\n"
    return files


def lcc_fasd(few: int | None = None) -> Files:
    return media(
        f"LCC_FASD_{split}/{kind}/{kind}_{n}.png"
        for split in ("training", "development", "evaluation")
        for kind in ("real", "spoof")
        for n in _few(range(900, 912), few)
    )


def casia_surf(few: int | None = None) -> Files:
    files: Files = {}
    for name, folder in (("train", "Training"), ("val_private", "Val"), ("test_private", "Test")):
        rows = []
        for n in _few(range(1, 13), few):
            trio = [f"{folder}/{n:04}/{n:06}-{channel}.jpg" for channel in ("color", "ir", "depth")]
            files |= media(trio)
            rows.append(" ".join([*trio, str(n % 2)]))
        files[f"{name}_list.txt"] = "\n".join(rows) + "\n"
    return files


def synthaspoof(few: int | None = None) -> Files:
    """Twelve people in person, all of them replayed, three printed: whole, there are 25,000 and 3,800."""
    people = _few(range(1, 13), few)
    places = ("BonaFide", *(f"PAs/{by}_ReplayAttack" for by in ("Webcam", "iPad", "Samsung")))
    return media(f"{place}/img{n:08}.png" for place in places for n in people) | media(
        f"PAs/PrintAttack/img{n:08}.png" for n in people[:3]
    )


def folders(few: int | None = None) -> Files:
    return media(
        f"{split}/{kind}/s{subject}/{subject}.mp4"
        for split, first in (("train", 1), ("dev", 20), ("test", 40))
        for subject in _few(range(first, first + 6), few)
        for kind in ("live", "spoof/print")
    )


def csv(few: int | None = None) -> Files:
    files = media(f"clips/{n}.mp4" for n in _few(range(1, 9), few))
    rows = [f"{path},{'live' if k % 2 else 'spoof'},s{k // 2}" for k, path in enumerate(files)]
    return files | {"sources.csv": "path,label,subject\n" + "\n".join(rows) + "\n"}


SETS: dict[str, Callable[..., Files]] = {
    "oulu-npu": oulu_npu,
    "siw": siw,
    "siw-m": siw_m,
    "casia-fasd": casia_fasd,
    "replay-attack": replay_attack,
    "replay-mobile": replay_mobile,
    "msu-mfsd": msu_mfsd,
    "celeba-spoof": celeba_spoof,
    "rose-youtu": rose_youtu,
    "3dmad": mad3d,
    "hkbu-mars": hkbu_mars,
    "wmca": wmca,
    "hq-wmca": hq_wmca,
    "nuaa": nuaa,
    "lcc-fasd": lcc_fasd,
    "casia-surf": casia_surf,
    "synthaspoof": synthaspoof,
    "folders": folders,
    "csv": csv,
}


def in_memory(files: Files, root: Path) -> Tree:
    """A tree as a walk would give it, of which only the texts lie on disk."""
    for path, text in files.items():
        if text is not None:
            _write(root / path, text.encode())
    return Tree(
        root=root,
        files=tuple(sorted(path for path in files if is_media(path))),
        others=tuple(Skipped(path, "not a photo or video") for path in sorted(files) if not is_media(path)),
        broken=(),
    )


def write_names(files: Files, root: Path) -> Path:
    """All files on disk, media with their name as content: enough for a scan, which opens none."""
    for path, text in files.items():
        _write(root / path, (path if text is None else text).encode())
    return root


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def under(folder: str, files: Files) -> Files:
    """A tree inside a folder."""
    return {f"{folder}/{path}": text for path, text in files.items()}
