// Command client runs gRPC's interop tests over grpc-go: one line a case, `PASSED <case>` or `FAILED <case>: <why>`.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"strings"

	pb "dfs/testingpb"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// server is what the cases run against.
type server struct {
	address string
	options []grpc.DialOption
}

// with runs body with a connection of its own.
func (s server) with(body func(*grpc.ClientConn) error) error {
	connection, err := grpc.Dial(s.address, s.options...)
	if err != nil {
		return err
	}
	defer connection.Close()
	return body(connection)
}

// withStub is with for calls to the test service.
func (s server) withStub(body func(pb.TestServiceClient) error) error {
	return s.with(func(connection *grpc.ClientConn) error { return body(pb.NewTestServiceClient(connection)) })
}

type testCase struct {
	name string
	run  func(server) error
}

func main() {
	host := flag.String("server_host", "localhost", "the server's host")
	port := flag.Int("server_port", 10000, "the server's port")
	wanted := flag.String("test_case", "all", "cases with commas between them, or all")
	useTLS := flag.Bool("use_tls", false, "speak TLS")
	authority := flag.String("ca_file", "", "certificates to trust, PEM")
	override := flag.String("server_host_override", "", "the name that the server's certificate must have")
	flag.Parse()
	target := server{address: fmt.Sprintf("%s:%d", *host, *port), options: []grpc.DialOption{grpc.WithInsecure()}}
	if *useTLS {
		secure, err := credentials.NewClientTLSFromFile(*authority, *override)
		if err != nil {
			log.Fatal(err)
		}
		target.options = []grpc.DialOption{grpc.WithTransportCredentials(secure)}
	}
	failed := false
	all := append(append(interopCases, compressionCases...), serviceCases...)
	for _, test := range pick(all, *wanted) {
		if err := test.run(target); err != nil {
			failed = true
			fmt.Printf("FAILED %s: %v\n", test.name, err)
		} else {
			fmt.Printf("PASSED %s\n", test.name)
		}
	}
	if failed {
		os.Exit(1)
	}
}

func pick(all []testCase, wanted string) []testCase {
	if wanted == "all" {
		return all
	}
	var picked []testCase
	for _, name := range strings.Split(wanted, ",") {
		found := false
		for _, test := range all {
			if test.name == name {
				picked, found = append(picked, test), true
			}
		}
		if !found {
			log.Fatalf("there is no case %s", name)
		}
	}
	return picked
}
