// Command master stands in for the master of the Go original: the same service, constants, texts and faults, so that a
// Swift node meets in a test what it would meet beside the original. Everything lives in memory and dies with the
// process, as it does there.
package main

import (
	"flag"
	"log"
	"net"
	"time"

	"dfs/masterpb"

	"google.golang.org/grpc"
)

const (
	sweepInterval = 10 * time.Second // the dead-server sweep
	deadSeconds   = 30               // a server is dead this long after its last heartbeat
	chunkMiB      = 64               // what an allocation charges, and what a server must have free to be chosen
	replication   = 2
)

func main() {
	// The original listens on :8000 and has no flag; tests run many masters on one machine.
	listen := flag.String("port", ":8000", "address to listen on")
	flag.Parse()
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatalf("listen %s: %v", *listen, err)
	}
	m := newMaster()
	go func() {
		for range time.Tick(sweepInterval) {
			m.sweep()
		}
	}()
	server := grpc.NewServer()
	masterpb.RegisterMasterServiceServer(server, m)
	log.Printf("master listens on %s", *listen)
	log.Fatal(server.Serve(listener))
}
