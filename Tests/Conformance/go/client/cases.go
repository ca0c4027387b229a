package main

import (
	"context"
	"fmt"
	"io"
	"time"

	pb "dfs/testingpb"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	callTime      = 20 * time.Second
	soakCalls     = 10
	soakCallTime  = time.Second
	initialValue  = "test_initial_metadata_value"
	trailingValue = "\xab\xab\xab"
	echoInitial   = "x-grpc-test-echo-initial"
	echoTrailing  = "x-grpc-test-echo-trailing-bin"
	special       = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
)

var (
	requestSizes  = []int32{27182, 8, 1828, 45904}
	responseSizes = []int32{31415, 9, 2653, 58979}
)

// interopCases are those of gRPC's interop test descriptions.
var interopCases = []testCase{
	{"empty_unary", emptyUnary},
	{"large_unary", func(s server) error { return s.withStub(largeUnary) }},
	{"client_streaming", clientStreaming},
	{"server_streaming", serverStreaming},
	{"ping_pong", pingPong},
	{"empty_stream", emptyStream},
	{"timeout_on_sleeping_server", timeoutOnSleepingServer},
	{"cancel_after_begin", cancelAfterBegin},
	{"cancel_after_first_response", cancelAfterFirstResponse},
	{"status_code_and_message", func(s server) error { return endsWith(s, "test status message") }},
	{"special_status_message", func(s server) error { return endsWith(s, special) }},
	{"custom_metadata", customMetadata},
	{"unimplemented_method", unimplementedMethod},
	{"unimplemented_service", unimplementedService},
	{"rpc_soak", rpcSoak},
	{"channel_soak", channelSoak},
}

func background() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), callTime)
}

func zeros(size int32) *pb.Payload { return &pb.Payload{Body: make([]byte, size)} }

func expectZeros(payload *pb.Payload, size int32) error {
	if got := len(payload.GetBody()); got != int(size) {
		return fmt.Errorf("the body has %d bytes, not %d", got, size)
	}
	for _, value := range payload.GetBody() {
		if value != 0 {
			return fmt.Errorf("the body is not all zeros")
		}
	}
	return nil
}

func expectStatus(err error, code codes.Code, message string) error {
	if got := status.Code(err); got != code {
		return fmt.Errorf("the status is %v, not %v (%v)", got, code, err)
	}
	if got := status.Convert(err).Message(); message != "" && got != message {
		return fmt.Errorf("the status message is %q, not %q", got, message)
	}
	return nil
}

func expectEnd(err error) error {
	if err != io.EOF {
		return fmt.Errorf("the stream does not end with OK: %v", err)
	}
	return nil
}

func ping(requestSize, responseSize int32) *pb.StreamingOutputCallRequest {
	return &pb.StreamingOutputCallRequest{
		ResponseParameters: []*pb.ResponseParameters{{Size: responseSize}},
		Payload:            zeros(requestSize),
	}
}

func emptyUnary(s server) error {
	return s.withStub(func(stub pb.TestServiceClient) error {
		ctx, cancel := background()
		defer cancel()
		_, err := stub.EmptyCall(ctx, &pb.Empty{})
		return err
	})
}

func largeRequest() *pb.SimpleRequest {
	return &pb.SimpleRequest{ResponseSize: 314159, Payload: zeros(271828)}
}

func largeUnary(stub pb.TestServiceClient) error {
	ctx, cancel := background()
	defer cancel()
	answer, err := stub.UnaryCall(ctx, largeRequest())
	if err != nil {
		return err
	}
	return expectZeros(answer.GetPayload(), 314159)
}

func clientStreaming(s server) error {
	return s.withStub(func(stub pb.TestServiceClient) error {
		ctx, cancel := background()
		defer cancel()
		stream, err := stub.StreamingInputCall(ctx)
		if err != nil {
			return err
		}
		for _, size := range requestSizes {
			if err := stream.Send(&pb.StreamingInputCallRequest{Payload: zeros(size)}); err != nil {
				return err
			}
		}
		answer, err := stream.CloseAndRecv()
		if err != nil {
			return err
		}
		if answer.GetAggregatedPayloadSize() != 74922 {
			return fmt.Errorf("the aggregated size is %d, not 74922", answer.GetAggregatedPayloadSize())
		}
		return nil
	})
}

func serverStreaming(s server) error {
	return s.withStub(func(stub pb.TestServiceClient) error {
		ctx, cancel := background()
		defer cancel()
		request := &pb.StreamingOutputCallRequest{}
		for _, size := range responseSizes {
			request.ResponseParameters = append(request.ResponseParameters, &pb.ResponseParameters{Size: size})
		}
		stream, err := stub.StreamingOutputCall(ctx, request)
		if err != nil {
			return err
		}
		for _, size := range responseSizes {
			answer, err := stream.Recv()
			if err != nil {
				return err
			}
			if err := expectZeros(answer.GetPayload(), size); err != nil {
				return err
			}
		}
		_, err = stream.Recv()
		return expectEnd(err)
	})
}

func pingPong(s server) error {
	return s.withStub(func(stub pb.TestServiceClient) error {
		ctx, cancel := background()
		defer cancel()
		stream, err := stub.FullDuplexCall(ctx)
		if err != nil {
			return err
		}
		for number, size := range requestSizes {
			if err := exchange(stream, size, responseSizes[number]); err != nil {
				return err
			}
		}
		return finish(stream)
	})
}

// exchange sends one request of a duplex stream and awaits its answer.
func exchange(stream pb.TestService_FullDuplexCallClient, requestSize, responseSize int32) error {
	if err := stream.Send(ping(requestSize, responseSize)); err != nil {
		return err
	}
	answer, err := stream.Recv()
	if err != nil {
		return err
	}
	return expectZeros(answer.GetPayload(), responseSize)
}

// finish half-closes a duplex stream and awaits its end.
func finish(stream pb.TestService_FullDuplexCallClient) error {
	if err := stream.CloseSend(); err != nil {
		return err
	}
	_, err := stream.Recv()
	return expectEnd(err)
}

func emptyStream(s server) error {
	return s.withStub(func(stub pb.TestServiceClient) error {
		ctx, cancel := background()
		defer cancel()
		stream, err := stub.FullDuplexCall(ctx)
		if err != nil {
			return err
		}
		return finish(stream)
	})
}

func timeoutOnSleepingServer(s server) error {
	return s.withStub(func(stub pb.TestServiceClient) error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		stream, err := stub.FullDuplexCall(ctx)
		if err != nil {
			return expectStatus(err, codes.DeadlineExceeded, "")
		}
		// Where the call has ended already, the reason is what Recv says.
		if err := stream.Send(&pb.StreamingOutputCallRequest{Payload: zeros(27182)}); err != nil && err != io.EOF {
			return expectStatus(err, codes.DeadlineExceeded, "")
		}
		_, err = stream.Recv()
		return expectStatus(err, codes.DeadlineExceeded, "")
	})
}

func cancelAfterBegin(s server) error {
	return s.withStub(func(stub pb.TestServiceClient) error {
		ctx, cancel := context.WithCancel(context.Background())
		stream, err := stub.StreamingInputCall(ctx)
		if err != nil {
			cancel()
			return err
		}
		cancel()
		_, err = stream.CloseAndRecv()
		return expectStatus(err, codes.Canceled, "")
	})
}

func cancelAfterFirstResponse(s server) error {
	return s.withStub(func(stub pb.TestServiceClient) error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		stream, err := stub.FullDuplexCall(ctx)
		if err != nil {
			return err
		}
		if err := exchange(stream, 27182, 31415); err != nil {
			return err
		}
		cancel()
		_, err = stream.Recv()
		return expectStatus(err, codes.Canceled, "")
	})
}

// endsWith asks for a status by a unary and by a duplex call.
func endsWith(s server, message string) error {
	wanted := &pb.EchoStatus{Code: int32(codes.Unknown), Message: message}
	return s.withStub(func(stub pb.TestServiceClient) error {
		ctx, cancel := background()
		defer cancel()
		_, err := stub.UnaryCall(ctx, &pb.SimpleRequest{ResponseStatus: wanted})
		if err := expectStatus(err, codes.Unknown, message); err != nil {
			return err
		}
		stream, err := stub.FullDuplexCall(ctx)
		if err != nil {
			return err
		}
		if err := stream.Send(&pb.StreamingOutputCallRequest{ResponseStatus: wanted}); err != nil {
			return err
		}
		if err := stream.CloseSend(); err != nil {
			return err
		}
		_, err = stream.Recv()
		return expectStatus(err, codes.Unknown, message)
	})
}

func customMetadata(s server) error {
	return s.withStub(func(stub pb.TestServiceClient) error {
		ctx, cancel := background()
		defer cancel()
		ctx = metadata.AppendToOutgoingContext(ctx, echoInitial, initialValue, echoTrailing, trailingValue)
		var header, trailer metadata.MD
		answer, err := stub.UnaryCall(ctx, largeRequest(), grpc.Header(&header), grpc.Trailer(&trailer))
		if err != nil {
			return err
		}
		if err := expectZeros(answer.GetPayload(), 314159); err != nil {
			return err
		}
		if err := expectEcho(header, trailer); err != nil {
			return err
		}
		stream, err := stub.FullDuplexCall(ctx)
		if err != nil {
			return err
		}
		if err := exchange(stream, 271828, 314159); err != nil {
			return err
		}
		if err := finish(stream); err != nil {
			return err
		}
		if header, err = stream.Header(); err != nil {
			return err
		}
		return expectEcho(header, stream.Trailer())
	})
}

func expectEcho(header, trailer metadata.MD) error {
	if got := header.Get(echoInitial); len(got) != 1 || got[0] != initialValue {
		return fmt.Errorf("the initial metadata is %q", got)
	}
	if got := trailer.Get(echoTrailing); len(got) != 1 || got[0] != trailingValue {
		return fmt.Errorf("the trailing metadata is %q", got)
	}
	return nil
}

func unimplementedMethod(s server) error {
	return s.withStub(func(stub pb.TestServiceClient) error {
		ctx, cancel := background()
		defer cancel()
		_, err := stub.UnimplementedCall(ctx, &pb.Empty{})
		return expectStatus(err, codes.Unimplemented, "")
	})
}

func unimplementedService(s server) error {
	return s.with(func(connection *grpc.ClientConn) error {
		ctx, cancel := background()
		defer cancel()
		_, err := pb.NewUnimplementedServiceClient(connection).UnimplementedCall(ctx, &pb.Empty{})
		return expectStatus(err, codes.Unimplemented, "")
	})
}

func rpcSoak(s server) error {
	return s.withStub(func(stub pb.TestServiceClient) error {
		return soak(func() error { return largeUnary(stub) })
	})
}

func channelSoak(s server) error {
	return soak(func() error { return s.withStub(largeUnary) })
}

func soak(call func() error) error {
	for number := 1; number <= soakCalls; number++ {
		start := time.Now()
		if err := call(); err != nil {
			return fmt.Errorf("call %d: %v", number, err)
		}
		if took := time.Since(start); took > soakCallTime {
			return fmt.Errorf("call %d took %v", number, took)
		}
	}
	return nil
}
