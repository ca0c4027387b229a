// Command client stands in for the client of the Go original: the same command line, order of calls and faults.
package main

import (
	"flag"
	"log"
	"os"

	"dfs/chunkpb"
	"dfs/masterpb"

	"google.golang.org/grpc"
)

const (
	chunkBytes = 64 << 20
	dataBytes  = 64 << 10 // of each ChunkData
)

// client keeps one connection to each node that it talks to.
type client struct {
	master  masterpb.MasterServiceClient
	servers map[string]chunkpb.ChunkServiceClient
}

func main() {
	address := flag.String("master", "localhost:8000", "address of the master")
	flag.Parse()
	if flag.NArg() != 3 {
		log.Fatalf("usage: %s [-master host:port] put <local-file> <remote-name> | get <remote-name> <local-dir>",
			os.Args[0])
	}
	connection, err := grpc.Dial(*address, grpc.WithInsecure())
	if err != nil {
		log.Fatal(err)
	}
	c := &client{master: masterpb.NewMasterServiceClient(connection), servers: map[string]chunkpb.ChunkServiceClient{}}
	switch flag.Arg(0) {
	case "put":
		err = c.put(flag.Arg(1), flag.Arg(2))
	case "get":
		err = c.get(flag.Arg(1), flag.Arg(2))
	default:
		log.Fatalf("unknown command %q", flag.Arg(0))
	}
	if err != nil {
		log.Fatal(err)
	}
}

// server dials the address just as the master gave it.
func (c *client) server(address string) (chunkpb.ChunkServiceClient, error) {
	if known, ok := c.servers[address]; ok {
		return known, nil
	}
	connection, err := grpc.Dial(address, grpc.WithInsecure())
	if err != nil {
		return nil, err
	}
	c.servers[address] = chunkpb.NewChunkServiceClient(connection)
	return c.servers[address], nil
}
