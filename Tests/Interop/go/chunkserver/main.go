// Command chunkserver stands in for the chunk server of the Go original: the same flags, service, timing and faults.
// No signal is handled and nothing is cleaned up, as there.
package main

import (
	"flag"
	"log"
	"net"
	"os"
	"time"

	"dfs/chunkpb"

	"google.golang.org/grpc"
)

const (
	heartbeatInterval = 5 * time.Second
	scanInterval      = 10 * time.Second
	copyDeadline      = 30 * time.Second
	dataBytes         = 64 << 10 // of each ChunkData
	queueLength       = 1000     // of each task queue
)

func main() {
	port := flag.String("port", ":9001", "address to listen on and, as the very same string, to register")
	master := flag.String("master", ":8000", "address of the master")
	dir := flag.String("dir", "./data", "folder of the chunks")
	flag.Parse()
	if err := os.MkdirAll(*dir, 0o755); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", *port)
	if err != nil {
		log.Fatalf("listen %s: %v", *port, err)
	}
	n := &node{
		address: *port,
		dir:     *dir,
		deletes: make(chan string, queueLength),
		copies:  make(chan copyTask, queueLength),
	}
	// Not awaited: the list can be empty at registration.
	go n.scanForever()
	go n.deleteForever()
	go n.copyForever()
	go n.beatForever(*master)
	server := grpc.NewServer()
	chunkpb.RegisterChunkServiceServer(server, n)
	log.Printf("chunk server listens on %s", *port)
	log.Fatal(server.Serve(listener))
}
