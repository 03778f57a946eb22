"""Clips and failures on disk: schema, atomic writes, receipts, reading back, verification."""

from specaug.shards.codec import decode_image, encode_image
from specaug.shards.files import (
    STATE,
    disk_space_errors,
    sha256,
    write_atomically,
    write_json,
    write_text,
)
from specaug.shards.schema import FAILURE_SCHEMA, SCHEMA_VERSION, clip_schema
from specaug.shards.state import data_file, failures_file, read_receipt, write_receipt
from specaug.shards.verify import Problem, VerifyReport, verify
from specaug.shards.writer import (
    MAX_ROW_BYTES,
    ClipWriter,
    check_rows,
    count_rows,
    write_failures,
)

__all__ = [
    "FAILURE_SCHEMA",
    "MAX_ROW_BYTES",
    "SCHEMA_VERSION",
    "STATE",
    "ClipWriter",
    "Problem",
    "VerifyReport",
    "check_rows",
    "clip_schema",
    "count_rows",
    "data_file",
    "decode_image",
    "disk_space_errors",
    "encode_image",
    "failures_file",
    "read_receipt",
    "sha256",
    "verify",
    "write_atomically",
    "write_failures",
    "write_json",
    "write_receipt",
    "write_text",
]
