"""Clips and failures on disk: schema, atomic writes, receipts, reading back, verification."""

from specaug.shards.atomic_files import (
    STATE,
    disk_space_errors,
    out_errors,
    remove_file,
    sha256,
    write_atomically,
    write_json,
    write_text,
)
from specaug.shards.change import (
    View,
    clear_staging,
    commit_change,
    settle,
    staging,
)
from specaug.shards.codec import decode_image, encode_image
from specaug.shards.groups import (
    KEYS,
    EncodedClip,
    EncodedRows,
    Origin,
    RowGroup,
    find_groups,
    groups_of_file,
    read_keys,
)
from specaug.shards.read_rows import data_files, failure_files, read_rows, stream_columns
from specaug.shards.schema import FAILURE_SCHEMA, SCHEMA_VERSION, Row, clip_schema
from specaug.shards.state import (
    data_file,
    failures_file,
    other_receipts,
    read_receipt,
    receipt_file,
    write_receipt,
)
from specaug.shards.verification import Problem, VerifyReport, verify
from specaug.shards.writer import (
    MAX_ROW_BYTES,
    ClipWriter,
    check_rows,
    count_rows,
    rows_of_file,
    write_failures,
)

__all__ = [
    "FAILURE_SCHEMA",
    "KEYS",
    "MAX_ROW_BYTES",
    "SCHEMA_VERSION",
    "STATE",
    "ClipWriter",
    "EncodedClip",
    "EncodedRows",
    "Origin",
    "Problem",
    "Row",
    "RowGroup",
    "VerifyReport",
    "View",
    "check_rows",
    "clear_staging",
    "clip_schema",
    "commit_change",
    "count_rows",
    "data_file",
    "data_files",
    "decode_image",
    "disk_space_errors",
    "encode_image",
    "failure_files",
    "failures_file",
    "find_groups",
    "groups_of_file",
    "other_receipts",
    "out_errors",
    "read_keys",
    "read_receipt",
    "read_rows",
    "receipt_file",
    "remove_file",
    "rows_of_file",
    "settle",
    "sha256",
    "staging",
    "stream_columns",
    "verify",
    "write_atomically",
    "write_failures",
    "write_json",
    "write_receipt",
    "write_text",
]
