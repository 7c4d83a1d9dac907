"""Generated from services/contracts/proto by hack/protos.py. Nothing here is written by hand."""
