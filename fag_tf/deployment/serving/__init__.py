"""Serving of saved models by the Open Inference Protocol V2: REST and gRPC on ONNX Runtime."""
