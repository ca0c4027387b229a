package main

import (
	"log"
	"os"
	"sync"
	"syscall"
	"time"
)

// inventory is the list of chunk ids that heartbeats carry. Two writers race for it, as in the original: a scan of the
// folder replaces it, a finished upload appends to it. So it may hold an id twice (scanned while being written, then
// appended), and an id appended between a scan's reading and its storing is gone until the next scan.
type inventory struct {
	mu  sync.Mutex
	ids []string
}

func (i *inventory) replace(ids []string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.ids = ids
}

func (i *inventory) add(id string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.ids = append(i.ids, id)
}

func (i *inventory) remove(id string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	var kept []string
	for _, other := range i.ids {
		if other != id {
			kept = append(kept, other)
		}
	}
	i.ids = kept
}

func (i *inventory) list() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]string(nil), i.ids...)
}

// scanForever takes every entry of the folder for a chunk: half-written ones, folders, whatever lies there.
func (n *node) scanForever() {
	for {
		entries, err := os.ReadDir(n.dir)
		if err != nil {
			log.Printf("scan: %v", err)
		}
		var ids []string
		for _, entry := range entries {
			ids = append(ids, entry.Name())
		}
		n.inventory.replace(ids)
		time.Sleep(scanInterval)
	}
}

// freeMiB is the free space of /home, wherever the chunks are.
func freeMiB() int64 {
	var status syscall.Statfs_t
	if err := syscall.Statfs("/home", &status); err != nil {
		log.Printf("statfs: %v", err)
		return 0
	}
	return int64(status.Bavail) * int64(status.Bsize) >> 20
}
