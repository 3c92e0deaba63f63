// Go's net/http with its streaming mime/multipart reader; the standard library only.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
)

type file struct {
	Name        string `json:"name"`
	FileName    string `json:"fileName"`
	ContentType string `json:"contentType"`
	Size        int64  `json:"size"`
	Sha256      string `json:"sha256"`
}

type answer struct {
	Server string      `json:"server"`
	Error  string      `json:"error,omitempty"`
	Fields [][2]string `json:"fields"`
	Files  []file      `json:"files"`
}

func main() {
	cert := flag.String("cert", "", "certificate chain, PEM")
	key := flag.String("key", "", "private key, PEM")
	flag.Parse()
	port := "0"
	if flag.NArg() > 0 {
		port = flag.Arg(0)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("LISTENING %d\n", listener.Addr().(*net.TCPAddr).Port)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	http.HandleFunc("/upload", upload)
	if *cert != "" {
		log.Fatal(http.ServeTLS(listener, nil, *cert, *key))
	}
	log.Fatal(http.Serve(listener, nil))
}

func upload(w http.ResponseWriter, r *http.Request) {
	got := answer{Server: "go", Fields: [][2]string{}, Files: []file{}}
	status := http.StatusOK
	if err := read(r, &got); err != nil {
		status, got.Error = http.StatusBadRequest, err.Error()
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(got)
}

func read(r *http.Request, got *answer) error {
	reader, err := r.MultipartReader()
	if err != nil {
		return err
	}
	for {
		part, err := reader.NextPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if part.FileName() == "" {
			value, err := io.ReadAll(io.LimitReader(part, 16<<20))
			if err != nil {
				return err
			}
			got.Fields = append(got.Fields, [2]string{part.FormName(), string(value)})
			continue
		}
		hash := sha256.New()
		size, err := io.Copy(hash, part)
		if err != nil {
			return err
		}
		got.Files = append(got.Files, file{
			Name:        part.FormName(),
			FileName:    part.FileName(),
			ContentType: part.Header.Get("Content-Type"),
			Size:        size,
			Sha256:      hex.EncodeToString(hash.Sum(nil)),
		})
	}
}
