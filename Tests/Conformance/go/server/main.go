// Command server is grpc.testing.TestService over grpc-go.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"

	pb "dfs/testingpb"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip" // takes compressed requests, and answers in kind
)

func main() {
	port := flag.Int("port", 10000, "port to listen on")
	useTLS := flag.Bool("use_tls", false, "speak TLS")
	certificate := flag.String("tls_cert_file", "", "certificate chain, PEM")
	key := flag.String("tls_key_file", "", "private key, PEM")
	flag.Parse()
	options := []grpc.ServerOption{grpc.StatsHandler(sizes{})}
	if *useTLS {
		secure, err := credentials.NewServerTLSFromFile(*certificate, *key)
		if err != nil {
			log.Fatal(err)
		}
		options = append(options, grpc.Creds(secure))
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("localhost:%d", *port))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(options...)
	pb.RegisterTestServiceServer(server, &testService{})
	log.Fatal(server.Serve(listener))
}
