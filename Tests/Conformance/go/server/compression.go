package main

import (
	"context"
	"sync/atomic"

	pb "dfs/testingpb"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
)

// prefixBytes is what grpc-go counts to the wire length of a message beside its bytes.
const prefixBytes = 5

// lastCompressed says whether the last message received on a call was compressed.
type lastCompressed struct{ value atomic.Bool }

type lastCompressedKey struct{}

// sizes sees each message with its length on the wire, which is the one place where grpc-go shows compression. It is
// called before the handler gets the message, and a call has one message at a time.
type sizes struct{}

func (sizes) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	return context.WithValue(ctx, lastCompressedKey{}, &lastCompressed{})
}

func (sizes) HandleRPC(ctx context.Context, event stats.RPCStats) {
	if payload, ok := event.(*stats.InPayload); ok {
		last := ctx.Value(lastCompressedKey{}).(*lastCompressed)
		last.value.Store(payload.WireLength-prefixBytes != payload.Length)
	}
}

func (sizes) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

func (sizes) HandleConn(context.Context, stats.ConnStats) {}

// checkCompression refuses a message that is not as its sender says, if it says anything.
func checkCompression(ctx context.Context, expected *pb.BoolValue) error {
	compressed := ctx.Value(lastCompressedKey{}).(*lastCompressed).value.Load()
	if expected == nil || expected.GetValue() == compressed {
		return nil
	}
	return status.Errorf(codes.InvalidArgument, "the message is compressed: %v, and should be: %v", compressed,
		expected.GetValue())
}
