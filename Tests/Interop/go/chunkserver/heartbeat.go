package main

import (
	"context"
	"log"
	"time"

	"dfs/masterpb"

	"google.golang.org/grpc"
)

// beatForever registers, then keeps one stream open. A stream that breaks is opened again; only if that fails outright,
// so with the master still away, does the server register anew. After a quick restart of the master it therefore goes
// on beating to one that does not know it.
func (n *node) beatForever(address string) {
	connection, err := grpc.Dial(address, grpc.WithInsecure())
	if err != nil {
		log.Fatalf("dial %s: %v", address, err)
	}
	master := masterpb.NewMasterServiceClient(connection)
	for {
		n.register(master)
		for {
			stream, err := master.Heartbeat(context.Background())
			if err != nil {
				log.Printf("heartbeat: %v", err)
				break
			}
			go n.takeTasks(stream)
			n.beat(stream)
		}
	}
}

// register tries until the master answers.
func (n *node) register(master masterpb.MasterServiceClient) {
	for {
		request := &masterpb.RegisterChunkServerRequest{
			ServerAddress: n.address, FreeStorage: freeMiB(), Chunks: n.inventory.list(),
		}
		_, err := master.RegisterChunkServer(context.Background(), request)
		if err == nil {
			log.Printf("registered with %d chunks", len(request.Chunks))
			return
		}
		log.Printf("register: %v", err)
		time.Sleep(time.Second)
	}
}

// beat sends the full list every 5 s until the stream breaks, which it notices only when it sends.
func (n *node) beat(stream masterpb.MasterService_HeartbeatClient) {
	ticker := time.NewTicker(heartbeatInterval)
	defer ticker.Stop()
	for range ticker.C {
		request := &masterpb.HeartbeatRequest{
			ServerAddress: n.address, FreeStorage: freeMiB(), Chunks: n.inventory.list(),
		}
		if err := stream.Send(request); err != nil {
			log.Printf("heartbeat: %v", err)
			return
		}
	}
}

// takeTasks applies every response that arrives, whether or not it answers a request. With a queue full it stops
// reading.
func (n *node) takeTasks(stream masterpb.MasterService_HeartbeatClient) {
	for {
		response, err := stream.Recv()
		if err != nil {
			log.Printf("heartbeat responses: %v", err)
			return
		}
		for _, task := range response.DeleteTasks {
			n.deletes <- task.ChunkId
		}
		for _, task := range response.ReplicationTasks {
			n.copies <- copyTask{id: task.ChunkId, target: task.TargetAddress}
		}
	}
}
