package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Started is the line that a worker or a control writes once it serves. A control adds its URL.
const Started = "peer started"

// client is what a backend does by a library's client.
type client interface {
	// start starts an order. The name is that of the implementation, where a library has several.
	start(ctx context.Context, name string, bought request) error
	// prove delivers the proof of an order.
	prove(ctx context.Context, reference, utr string) error
	// await blocks until an order has ended, and returns its status.
	await(ctx context.Context, reference string) (string, error)
}

// serve serves a client over HTTP until ctx ends.
func serve(ctx context.Context, set settings, to client) error {
	var network net.ListenConfig
	listener, err := network.Listen(ctx, "tcp", set.listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler(to), ReadHeaderTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = server.Close() }) // the process exits
	fmt.Printf("%s http://%s\n", Started, listener.Addr())
	if err := server.Serve(listener); ctx.Err() == nil {
		return err
	}
	return nil
}

func handler(to client) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders", func(w http.ResponseWriter, r *http.Request) {
		var bought request
		if err := json.NewDecoder(r.Body).Decode(&bought); err != nil {
			answer(w, "", err)
			return
		}
		answer(w, "", to.start(r.Context(), r.URL.Query().Get("name"), bought))
	})
	mux.HandleFunc("POST /orders/{reference}/utr", func(w http.ResponseWriter, r *http.Request) {
		utr, err := io.ReadAll(r.Body)
		if err == nil {
			err = to.prove(r.Context(), r.PathValue("reference"), string(utr))
		}
		answer(w, "", err)
	})
	mux.HandleFunc("GET /orders/{reference}", func(w http.ResponseWriter, r *http.Request) {
		status, err := to.await(r.Context(), r.PathValue("reference"))
		answer(w, status, err)
	})
	return mux
}

func answer(w http.ResponseWriter, text string, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	// #nosec G705 -- the caller is the program that measures, not a browser.
	_, _ = io.WriteString(w, text) // the caller has gone if this fails
}
