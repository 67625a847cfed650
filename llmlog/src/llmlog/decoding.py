"""Bytes to `LogEntry`: strict first, then forgiving, so that one odd field never costs a whole log."""

from __future__ import annotations

from typing import Any

import msgspec

from llmlog.entry import LlmRequest, LogEntry

_decode = msgspec.json.Decoder(LogEntry).decode


def decode_entry(data: bytes) -> LogEntry:
    """The entry of a JSON text.

    A field whose type does not fit is converted where that loses nothing, else left out and kept under
    `raw.unfit`. Raises msgspec.DecodeError when the text is no JSON object.
    """
    try:
        return _decode(data)
    except msgspec.ValidationError:
        return _forgiving(data)


def _forgiving(data: bytes) -> LogEntry:
    fields = msgspec.json.decode(data)
    if not isinstance(fields, dict):
        raise msgspec.DecodeError("a log must be a JSON object")
    unfit: dict[str, Any] = {}
    names = dict(zip(LogEntry.__struct_encode_fields__, LogEntry.__struct_fields__, strict=True))
    kept = {
        names[key]: value
        for key, value in ((key, _fit(LogEntry, key, fields[key], unfit)) for key in fields if key in names)
        if value is not _UNFIT
    }
    kept.setdefault("llm_request", LlmRequest(model=""))
    if unfit:
        raw = kept.get("raw")
        kept["raw"] = {**(raw if isinstance(raw, dict) else {"value": raw}), "unfit": unfit}
    return LogEntry(**kept)


_UNFIT = object()


def _fit(owner: type[msgspec.Struct], key: str, value: Any, unfit: dict[str, Any]) -> Any:
    """One field as its type wants it, or _UNFIT with the value put aside."""
    field = next(f for f in msgspec.structs.fields(owner) if f.encode_name == key)
    try:
        return msgspec.convert(value, field.type, strict=False)
    except msgspec.ValidationError:
        pass
    inner = _struct_of(field.type)
    if inner is not None and isinstance(value, dict):
        aside: dict[str, Any] = {}
        names = dict(zip(inner.__struct_encode_fields__, inner.__struct_fields__, strict=True))
        parts = {names[k]: _fit(inner, k, v, aside) for k, v in value.items() if k in names}
        parts = {name: part for name, part in parts.items() if part is not _UNFIT}
        unfit.update({f"{key}.{k}": v for k, v in aside.items()})
        if inner is LlmRequest:
            parts.setdefault("model", "")
        try:
            return inner(**parts)
        except TypeError:
            pass
    unfit[key] = value
    return _UNFIT


def _struct_of(annotation: Any) -> type[msgspec.Struct] | None:
    for part in getattr(annotation, "__args__", (annotation,)):
        if isinstance(part, type) and issubclass(part, msgspec.Struct):
            return part
    return None
