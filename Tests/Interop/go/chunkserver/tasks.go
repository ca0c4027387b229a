package main

import (
	"context"
	"log"
	"os"

	"dfs/chunkpb"

	"google.golang.org/grpc"
)

type copyTask struct {
	id     string
	target string
}

// deleteForever removes files; one that is not there is logged. Nobody is told.
func (n *node) deleteForever() {
	for id := range n.deletes {
		n.inventory.remove(id)
		if err := os.Remove(n.path(id)); err != nil {
			log.Printf("delete %s: %v", id, err)
			continue
		}
		log.Printf("deleted %s", id)
	}
}

// copyForever does one copy at a time, repeated tasks as often as they come. The result is reported to nobody: the
// target's next list is the only sign.
func (n *node) copyForever() {
	for task := range n.copies {
		if err := n.copy(task); err != nil {
			log.Printf("copy %s to %s: %v", task.id, task.target, err)
			continue
		}
		log.Printf("copied %s to %s", task.id, task.target)
	}
}

func (n *node) copy(task copyTask) error {
	file, err := os.Open(n.path(task.id))
	if err != nil {
		return err
	}
	defer file.Close()
	connection, err := grpc.Dial(task.target, grpc.WithInsecure())
	if err != nil {
		return err
	}
	defer connection.Close()
	deadline, cancel := context.WithTimeout(context.Background(), copyDeadline)
	defer cancel()
	stream, err := chunkpb.NewChunkServiceClient(connection).UploadChunk(deadline)
	if err != nil {
		return err
	}
	if err := sendChunk(file, task.id, stream.Send); err != nil {
		return err
	}
	_, err = stream.CloseAndRecv()
	return err
}
