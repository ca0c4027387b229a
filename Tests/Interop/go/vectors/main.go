// Command vectors prints how golang/protobuf encodes the messages of a case file: one line per case, the case's name
// and the bytes in hex. It reads lines of `name <tab> full message name <tab> proto3 JSON` from standard input.
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"log"
	"os"
	"reflect"
	"strings"

	_ "dfs/chunkpb"
	_ "dfs/masterpb"

	"github.com/golang/protobuf/jsonpb"
	"github.com/golang/protobuf/proto"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		fields := strings.SplitN(lines.Text(), "\t", 3)
		if len(fields) != 3 {
			log.Fatalf("not a case: %q", lines.Text())
		}
		kind := proto.MessageType(fields[1])
		if kind == nil {
			log.Fatalf("no message %q", fields[1])
		}
		message := reflect.New(kind.Elem()).Interface().(proto.Message)
		if err := jsonpb.UnmarshalString(fields[2], message); err != nil {
			log.Fatalf("%s: %v", fields[0], err)
		}
		bytes, err := proto.Marshal(message)
		if err != nil {
			log.Fatalf("%s: %v", fields[0], err)
		}
		fmt.Printf("%s\t%s\n", fields[0], hex.EncodeToString(bytes))
	}
}
