// The same server as `rpc-bench serve`, on grpc-go: a unary method that answers with the bytes it got, and two streams.
// Messages are bare bytes, so that neither side pays for protobuf.
package main

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
)

const maxMessage = 16 << 20

// rawCodec leaves messages as they are.
type rawCodec struct{}

func (rawCodec) Marshal(value interface{}) ([]byte, error) { return *value.(*[]byte), nil }

func (rawCodec) Unmarshal(data []byte, value interface{}) error {
	*value.(*[]byte) = data
	return nil
}

func (rawCodec) String() string { return "raw" }

// echo is a unary method as generated code registers it: grpc-go's path of unary calls costs less than that of streams.
func echo(_ interface{}, _ context.Context, decode func(interface{}) error, _ grpc.UnaryServerInterceptor) (interface{}, error) {
	var message []byte
	if err := decode(&message); err != nil {
		return nil, err
	}
	return &message, nil
}

var unaryService = grpc.ServiceDesc{
	ServiceName: "bench.Unary",
	HandlerType: (*interface{})(nil),
	Methods:     []grpc.MethodDesc{{MethodName: "Echo", Handler: echo}},
}

var streamService = grpc.ServiceDesc{
	ServiceName: "bench.Stream",
	HandlerType: (*interface{})(nil),
	Streams: []grpc.StreamDesc{
		{StreamName: "Upload", Handler: upload, ClientStreams: true},
		{StreamName: "Download", Handler: download, ServerStreams: true},
	},
}

func upload(_ interface{}, stream grpc.ServerStream) error {
	var count uint64
	for {
		var message []byte
		err := stream.RecvMsg(&message)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		count += uint64(len(message))
	}
	total := binary.BigEndian.AppendUint64(nil, count)
	return stream.SendMsg(&total)
}

func download(_ interface{}, stream grpc.ServerStream) error {
	var request []byte
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	if len(request) != 12 || binary.BigEndian.Uint32(request) > maxMessage {
		return status.Error(codes.InvalidArgument, "a download asks by 4 bytes of size and 8 bytes of count")
	}
	data := make([]byte, binary.BigEndian.Uint32(request))
	for left := binary.BigEndian.Uint64(request[4:]); left > 0; left-- {
		if err := stream.SendMsg(&data); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	threads := flag.Int("threads", 1, "processors to use")
	certificate := flag.String("tls-cert", "", "PEM file of the certificate; TLS is served then, and nothing else")
	key := flag.String("tls-key", "", "PEM file of its key")
	flag.Parse()
	runtime.GOMAXPROCS(*threads)
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	options := []grpc.ServerOption{
		grpc.CustomCodec(rawCodec{}),
		grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage),
	}
	if *certificate != "" {
		secure, err := credentials.NewServerTLSFromFile(*certificate, *key)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		options = append(options, grpc.Creds(secure))
	}
	server := grpc.NewServer(options...)
	server.RegisterService(&unaryService, struct{}{})
	server.RegisterService(&streamService, struct{}{})
	fmt.Println("serving on", listener.Addr())
	if err := server.Serve(listener); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
