"""What gRPC itself costs, beside grpc-go, under the same load generator."""
