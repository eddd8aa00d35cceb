"""The gRPC side of a running server, by Triton's client and by calls no client would make."""

import grpc
import numpy as np
import pytest
from kserve.protocol.grpc import grpc_predict_v2_pb2 as messages

from fag_tf.deployment.feasible_sampling import draw_feasible
from fag_tf.deployment.serving.rpc import Servicer
from fag_tf.latents import draw_latent
from reference.serving import NAME, grpc_arrays, grpc_request


@pytest.fixture
def stub(server):
    with server.grpc_stub() as stub:
        yield stub


@pytest.fixture
def guarded_stub(guarded):
    with guarded.grpc_stub() as stub:
        yield stub


def code_of(call, *arguments, **options):
    with pytest.raises(grpc.RpcError) as error:
        call(*arguments, timeout=20, **options)
    assert error.value.details()
    return error.value.code().name


def test_tritons_client_gets_the_local_samplers_answers(server, sampler, hammer):
    sampled, filtered, ranked, wrong = server.ask_triton_grpc(
        hammer,
        [
            {"parameters": {"num_samples": 16, "seed": 5}, "request_id": "mine"},
            {"parameters": {"num_samples": 16, "seed": 5, "min_feasibility": 0.9}},
            {"parameters": {"num_samples": 16, "seed": 5, "top_k": 2}, "outputs": ["feasibility"]},
            {"parameters": {"num_samples": 16, "sede": 5}, "model_version": "1"},
        ],
    )
    action, feasibility = sampler.sample(hammer, 16, 5)
    np.testing.assert_array_equal(np.float32(sampled["action"]), action)
    np.testing.assert_array_equal(np.float32(sampled["feasibility"]), feasibility)
    assert (sampled["id"], sampled["version"]) == ("mine", "1")
    (found,) = draw_feasible(sampler, hammer, 16, 5, 0.9)
    np.testing.assert_array_equal(np.float32(filtered["action"])[0], found.action)
    assert filtered["id"]
    assert "action" not in ranked
    np.testing.assert_array_equal(
        np.float32(ranked["feasibility"])[0], -np.sort(-feasibility[0])[:2]
    )
    assert wrong["status"] == "StatusCode.INVALID_ARGUMENT"
    assert "'sede'" in wrong["message"]


def test_it_says_what_it_is_and_has(stub, sampler):
    assert stub.ServerLive(messages.ServerLiveRequest()).live
    assert stub.ServerReady(messages.ServerReadyRequest()).ready
    assert stub.ServerMetadata(messages.ServerMetadataRequest()).name == "fag-tf"
    for version in ("", "1"):
        named = {"name": NAME, "version": version}
        assert stub.ModelReady(messages.ModelReadyRequest(**named)).ready
        metadata = stub.ModelMetadata(messages.ModelMetadataRequest(**named))
        assert list(metadata.versions) == ["1"]
        assert {each.name: list(each.shape) for each in metadata.inputs} == {
            "image": [-1, 128, 128, 1],
            "gripper": [-1, 6],
            "latent": [-1, -1, sampler.card.latent_dim],
        }


def test_a_latent_gives_the_models_answer(stub, sampler, hammer):
    latent = draw_latent(2, 1, 7, sampler.card.latent_dim)
    answer = grpc_arrays(stub.ModelInfer(grpc_request({**hammer, "latent": latent})))
    action, feasibility, _ = sampler.run(hammer, latent)
    np.testing.assert_array_equal(answer["action"], action)
    np.testing.assert_array_equal(answer["feasibility"], feasibility)


def test_tensors_may_be_typed_instead_of_raw(stub, sampler, hammer):
    request = grpc_request({}, num_samples=4, seed=1)
    for name, array in hammer.items():
        tensor = request.inputs.add(name=name, datatype="FP32", shape=array.shape)
        tensor.contents.fp32_contents.extend(array.ravel().tolist())
    answer = grpc_arrays(stub.ModelInfer(request))
    np.testing.assert_array_equal(answer["action"], sampler.sample(hammer, 4, 1)[0])


def test_an_answer_may_be_empty(stub, sampler, hammer):
    latent = np.zeros((1, 3, sampler.card.latent_dim), np.float32)
    nothing = {**hammer, "image": np.zeros_like(hammer["image"]), "latent": latent}
    answer = grpc_arrays(stub.ModelInfer(grpc_request(nothing, min_feasibility=1.0)))
    assert answer["action"].shape == (1, 0, 3)


def spoil(request, how):
    if how == "truncated":
        request.raw_input_contents[0] = request.raw_input_contents[0][:-4]
    elif how == "empty":
        request.raw_input_contents[0] = b""
    elif how == "one too few":
        del request.raw_input_contents[-1]
    elif how == "one too many":
        request.raw_input_contents.append(b"")
    elif how == "shape":
        request.inputs[0].shape[0] = -1
    elif how == "type":
        request.inputs[0].datatype = "FP64"
    elif how == "no type":
        request.inputs[0].datatype = "FP31"
    elif how == "name":
        request.inputs[0].name = "picture"
    elif how == "output":
        request.outputs.add(name="pose")
    elif how == "parameter":
        request.parameters["top_k"].string_param = "many"
    elif how == "empty parameter":
        request.parameters["top_k"].SetInParent()
    return request


@pytest.mark.parametrize(
    "how",
    [
        "truncated",
        "empty",
        "one too few",
        "one too many",
        "shape",
        "type",
        "no type",
        "name",
        "output",
        "parameter",
        "empty parameter",
    ],
)
def test_a_spoilt_request_is_the_clients_fault(stub, hammer, how):
    request = spoil(grpc_request(hammer, num_samples=1), how)
    assert code_of(stub.ModelInfer, request) == "INVALID_ARGUMENT"


def test_what_it_has_not_is_told(stub, hammer):
    request = grpc_request(hammer, num_samples=1)
    request.model_version = "2"
    assert code_of(stub.ModelInfer, request) == "NOT_FOUND"
    named = {"name": "none"}
    assert code_of(stub.ModelReady, messages.ModelReadyRequest(**named)) == "NOT_FOUND"
    assert code_of(stub.ModelMetadata, messages.ModelMetadataRequest(**named)) == "NOT_FOUND"


def test_nobody_loads_or_unloads_a_model(stub):
    named = {"model_name": NAME}
    load = messages.RepositoryModelLoadRequest(**named)
    unload = messages.RepositoryModelUnloadRequest(**named)
    assert code_of(stub.RepositoryModelLoad, load) == "PERMISSION_DENIED"
    assert code_of(stub.RepositoryModelUnload, unload) == "PERMISSION_DENIED"
    assert stub.ServerReady(messages.ServerReadyRequest()).ready


def test_kserves_service_has_no_method_that_is_left_unguarded():
    public = {name for name in dir(Servicer) if name[0].isupper()}
    assert public == {
        "ModelConfig",
        "ModelInfer",
        "ModelMetadata",
        "ModelReady",
        "ModelStatistics",
        "RepositoryIndex",
        "RepositoryModelLoad",
        "RepositoryModelUnload",
        "ServerLive",
        "ServerMetadata",
        "ServerReady",
    }


# Limits and the token ----------------------------------------------------------------------------


@pytest.mark.parametrize("shown", [None, "Bearer wrong", "s3cret-of-tests"])
def test_nothing_is_told_without_the_token(guarded_stub, hammer, shown):
    metadata = [] if shown is None else [("authorization", shown)]
    request = grpc_request(hammer, num_samples=1)
    assert code_of(guarded_stub.ModelInfer, request, metadata=metadata) == "UNAUTHENTICATED"
    about = messages.ServerMetadataRequest()
    assert code_of(guarded_stub.ServerMetadata, about, metadata=metadata) == "UNAUTHENTICATED"
    assert guarded_stub.ServerReady(messages.ServerReadyRequest(), metadata=metadata).ready


def test_limits_hold_with_the_token(guarded, guarded_stub, hammer):
    metadata = [("authorization", f"Bearer {guarded.token}")]

    def ask(batch, number):
        many = {name: np.repeat(array, batch, axis=0) for name, array in hammer.items()}
        return grpc_request(many, num_samples=number)

    answer = guarded_stub.ModelInfer(ask(2, 32), metadata=metadata)
    assert grpc_arrays(answer)["action"].shape == (2, 32, 3)
    for batch, number in ((3, 1), (1, 65)):
        request = ask(batch, number)
        code = code_of(guarded_stub.ModelInfer, request, metadata=metadata)
        assert code == "INVALID_ARGUMENT"
    code = code_of(guarded_stub.ModelInfer, ask(40, 1), metadata=metadata)
    assert code == "RESOURCE_EXHAUSTED"
