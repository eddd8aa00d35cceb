"""Serve saved models by the Open Inference Protocol V2: REST and gRPC, ONNX Runtime behind both."""
