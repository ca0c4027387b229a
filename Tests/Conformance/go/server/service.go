package main

import (
	"context"
	"io"
	"time"

	pb "dfs/testingpb"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	echoInitial  = "x-grpc-test-echo-initial"
	echoTrailing = "x-grpc-test-echo-trailing-bin"
)

// testService leaves out CacheableUnaryCall and UnimplementedCall.
type testService struct {
	pb.UnimplementedTestServiceServer
}

func zeros(size int32) *pb.Payload {
	return &pb.Payload{Body: make([]byte, size)}
}

// echoMetadata gives what a call's headers and trailers are to repeat.
func echoMetadata(ctx context.Context) (initial, trailing metadata.MD) {
	received, _ := metadata.FromIncomingContext(ctx)
	initial, trailing = metadata.MD{}, metadata.MD{}
	if values := received.Get(echoInitial); len(values) > 0 {
		initial.Set(echoInitial, values[0])
	}
	if values := received.Get(echoTrailing); len(values) > 0 {
		trailing.Set(echoTrailing, values[0])
	}
	return initial, trailing
}

func echoUnary(ctx context.Context) error {
	initial, trailing := echoMetadata(ctx)
	if err := grpc.SetHeader(ctx, initial); err != nil {
		return err
	}
	return grpc.SetTrailer(ctx, trailing)
}

func echoStream(stream grpc.ServerStream) error {
	initial, trailing := echoMetadata(stream.Context())
	stream.SetTrailer(trailing)
	return stream.SetHeader(initial)
}

func echoStatus(wanted *pb.EchoStatus) error {
	if wanted.GetCode() == 0 {
		return nil
	}
	return status.Error(codes.Code(wanted.GetCode()), wanted.GetMessage())
}

func (*testService) EmptyCall(ctx context.Context, _ *pb.Empty) (*pb.Empty, error) {
	return &pb.Empty{}, echoUnary(ctx)
}

func (*testService) UnaryCall(ctx context.Context, request *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	if err := echoUnary(ctx); err != nil {
		return nil, err
	}
	if err := checkCompression(ctx, request.GetExpectCompressed()); err != nil {
		return nil, err
	}
	if err := echoStatus(request.GetResponseStatus()); err != nil {
		return nil, err
	}
	return &pb.SimpleResponse{Payload: zeros(request.GetResponseSize())}, nil
}

type outputStream interface {
	Send(*pb.StreamingOutputCallResponse) error
}

func answer(request *pb.StreamingOutputCallRequest, stream outputStream) error {
	if err := echoStatus(request.GetResponseStatus()); err != nil {
		return err
	}
	for _, wanted := range request.GetResponseParameters() {
		time.Sleep(time.Duration(wanted.GetIntervalUs()) * time.Microsecond)
		if err := stream.Send(&pb.StreamingOutputCallResponse{Payload: zeros(wanted.GetSize())}); err != nil {
			return err
		}
	}
	return nil
}

func (*testService) StreamingOutputCall(
	request *pb.StreamingOutputCallRequest, stream pb.TestService_StreamingOutputCallServer,
) error {
	if err := echoStream(stream); err != nil {
		return err
	}
	return answer(request, stream)
}

func (*testService) StreamingInputCall(stream pb.TestService_StreamingInputCallServer) error {
	if err := echoStream(stream); err != nil {
		return err
	}
	var size int32
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return stream.SendAndClose(&pb.StreamingInputCallResponse{AggregatedPayloadSize: size})
		}
		if err != nil {
			return err
		}
		if err := checkCompression(stream.Context(), request.GetExpectCompressed()); err != nil {
			return err
		}
		size += int32(len(request.GetPayload().GetBody()))
	}
}

func (*testService) FullDuplexCall(stream pb.TestService_FullDuplexCallServer) error {
	if err := echoStream(stream); err != nil {
		return err
	}
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := answer(request, stream); err != nil {
			return err
		}
	}
}

func (*testService) HalfDuplexCall(stream pb.TestService_HalfDuplexCallServer) error {
	if err := echoStream(stream); err != nil {
		return err
	}
	var requests []*pb.StreamingOutputCallRequest
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		requests = append(requests, request)
	}
	for _, request := range requests {
		if err := answer(request, stream); err != nil {
			return err
		}
	}
	return nil
}
