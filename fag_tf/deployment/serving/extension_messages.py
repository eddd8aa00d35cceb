"""gRPC messages of the protocol's extensions, which kserve lacks: configuration, statistics, index.

Source of the names and numbers of the fields: the extensions' documents and service definition,
https://github.com/triton-inference-server/common/tree/main/protobuf. Only fields that this server
fills are described; a client finds the others empty. The messages have a pool of their own,
because a client library in the same process may describe the same names.
"""

from collections.abc import Mapping
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.json_format import ParseDict

__all__ = ["MESSAGES", "message_of"]

_PACKAGE = "inference"
_KINDS = {"text": 9, "bool": 8, "int32": 5, "int64": 3, "uint64": 4}
_ENUM, _MESSAGE = 14, 11

_DATA_TYPES = (
    "INVALID BOOL UINT8 UINT16 UINT32 UINT64 INT8 INT16 INT32 INT64 FP16 FP32 FP64 STRING BF16"
)

# Of each message the fields: name, number, kind; a + repeats it.
_FIELDS = {
    "ModelConfigRequest": "name 1 text, version 2 text",
    "ModelInput": "name 1 text, data_type 2 DataType, dims 4 int64+, optional 8 bool",
    "ModelOutput": "name 1 text, data_type 2 DataType, dims 3 int64+",
    "ModelConfig": "name 1 text, platform 2 text, backend 17 text, max_batch_size 4 int32, "
    "input 5 ModelInput+, output 6 ModelOutput+",
    "ModelConfigResponse": "config 1 ModelConfig",
    "ModelStatisticsRequest": "name 1 text, version 2 text",
    "StatisticDuration": "count 1 uint64, ns 2 uint64",
    "InferStatistics": "success 1 StatisticDuration, fail 2 StatisticDuration, "
    "queue 3 StatisticDuration, compute_input 4 StatisticDuration, "
    "compute_infer 5 StatisticDuration, compute_output 6 StatisticDuration",
    "InferBatchStatistics": "batch_size 1 uint64, compute_input 2 StatisticDuration, "
    "compute_infer 3 StatisticDuration, compute_output 4 StatisticDuration",
    "ModelStatistics": "name 1 text, version 2 text, last_inference 3 uint64, "
    "inference_count 4 uint64, execution_count 5 uint64, inference_stats 6 InferStatistics, "
    "batch_stats 7 InferBatchStatistics+",
    "ModelStatisticsResponse": "model_stats 1 ModelStatistics+",
    "RepositoryIndexRequest": "repository_name 1 text, ready 2 bool",
    "ModelIndex": "name 1 text, version 2 text, state 3 text, reason 4 text",
    "RepositoryIndexResponse": "models 1 ModelIndex+",
}


def _described() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name="fag_tf/extension_messages.proto", package=_PACKAGE, syntax="proto3"
    )
    enum = file.enum_type.add(name="DataType")
    for place, data_type in enumerate(_DATA_TYPES.split()):
        enum.value.add(name=f"TYPE_{data_type}", number=place)
    for message, listed in _FIELDS.items():
        described = file.message_type.add(name=message)
        for each in listed.split(", "):
            name, number, kind = each.split()
            repeated = kind.endswith("+")
            kind = kind.removesuffix("+")
            field = described.field.add(name=name, number=int(number), label=3 if repeated else 1)
            if kind in _KINDS:
                field.type = _KINDS[kind]  # type: ignore[assignment]
            else:
                field.type = _ENUM if kind == "DataType" else _MESSAGE  # type: ignore[assignment]
                field.type_name = f".{_PACKAGE}.{kind}"
    return file


def _classes() -> Mapping[str, Any]:
    pool = descriptor_pool.DescriptorPool()
    pool.Add(_described())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in _FIELDS
    }


MESSAGES = _classes()
"""Class of each message by its name."""


def message_of(name: str, content: Mapping[str, Any]) -> Any:
    """A message of that name with the content of the same answer in JSON."""
    return ParseDict(dict(content), MESSAGES[name]())
