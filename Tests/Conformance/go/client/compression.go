package main

import (
	"context"
	"fmt"

	pb "dfs/testingpb"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"
)

// compressionCases are those with compressed messages. client_compressed_streaming is not among them: grpc-go
// compresses all messages of a call or none.
var compressionCases = []testCase{
	{"client_compressed_unary", clientCompressedUnary},
	{"server_compressed_unary", serverCompressedUnary},
	{"server_compressed_streaming", serverCompressedStreaming},
}

// prefixBytes is what grpc-go counts to the wire length of a message beside its bytes.
const prefixBytes = 5

// received says of each message received on a connection, in order, whether it was compressed. There must be room for
// all of them.
type received chan bool

func (received) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC sees each message with its length on the wire, which is the one place where grpc-go shows compression.
func (r received) HandleRPC(_ context.Context, event stats.RPCStats) {
	if payload, ok := event.(*stats.InPayload); ok {
		r <- payload.WireLength-prefixBytes != payload.Length
	}
}

func (received) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

func (received) HandleConn(context.Context, stats.ConnStats) {}

func (r received) expect(compressed bool) error {
	if got := <-r; got != compressed {
		return fmt.Errorf("the answer is compressed: %v, and should be: %v", got, compressed)
	}
	return nil
}

func clientCompressedUnary(s server) error {
	return s.withStub(func(stub pb.TestServiceClient) error {
		ctx, cancel := background()
		defer cancel()
		request := largeRequest()
		request.ExpectCompressed = &pb.BoolValue{Value: true}
		_, err := stub.UnaryCall(ctx, request)
		if err := expectStatus(err, codes.InvalidArgument, ""); err != nil {
			return err
		}
		answer, err := stub.UnaryCall(ctx, request, grpc.UseCompressor(gzip.Name))
		if err != nil {
			return err
		}
		if err := expectZeros(answer.GetPayload(), 314159); err != nil {
			return err
		}
		request.ExpectCompressed.Value = false
		answer, err = stub.UnaryCall(ctx, request)
		if err != nil {
			return err
		}
		return expectZeros(answer.GetPayload(), 314159)
	})
}

// takingGzip is background for calls whose answers may be compressed: grpc-go 1.33 takes gzip and does not say so.
func takingGzip() (context.Context, context.CancelFunc) {
	ctx, cancel := background()
	return metadata.AppendToOutgoingContext(ctx, "grpc-accept-encoding", gzip.Name), cancel
}

// watching is a server whose connections tell of what they receive.
func (s server) watching() (server, received) {
	messages := make(received, 16)
	options := append([]grpc.DialOption{grpc.WithStatsHandler(messages)}, s.options...)
	return server{address: s.address, options: options}, messages
}

func serverCompressedUnary(s server) error {
	s, messages := s.watching()
	return s.withStub(func(stub pb.TestServiceClient) error {
		ctx, cancel := takingGzip()
		defer cancel()
		for _, compressed := range []bool{true, false} {
			request := largeRequest()
			request.ResponseCompressed = &pb.BoolValue{Value: compressed}
			answer, err := stub.UnaryCall(ctx, request)
			if err != nil {
				return err
			}
			if err := expectZeros(answer.GetPayload(), 314159); err != nil {
				return err
			}
			if err := messages.expect(compressed); err != nil {
				return err
			}
		}
		return nil
	})
}

func serverCompressedStreaming(s server) error {
	s, messages := s.watching()
	return s.withStub(func(stub pb.TestServiceClient) error {
		ctx, cancel := takingGzip()
		defer cancel()
		wanted := []*pb.ResponseParameters{
			{Size: 31415, Compressed: &pb.BoolValue{Value: true}},
			{Size: 92653, Compressed: &pb.BoolValue{Value: false}},
		}
		stream, err := stub.StreamingOutputCall(ctx, &pb.StreamingOutputCallRequest{ResponseParameters: wanted})
		if err != nil {
			return err
		}
		for _, parameters := range wanted {
			answer, err := stream.Recv()
			if err != nil {
				return err
			}
			if err := expectZeros(answer.GetPayload(), parameters.Size); err != nil {
				return err
			}
			if err := messages.expect(parameters.Compressed.Value); err != nil {
				return err
			}
		}
		_, err = stream.Recv()
		return expectEnd(err)
	})
}
