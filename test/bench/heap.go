package bench

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// heap is the memory statistics of a Go process.
type heap struct {
	// allocated is the bytes and objects the number of all allocations since the start; live is the bytes in use.
	allocated, objects, live int64
}

// readHeap reads the statistics at the end of a heap profile, after a garbage collection if collected is set.
func readHeap(ctx context.Context, address string, collected bool) (heap, error) {
	url := "http://" + address + "/debug/pprof/heap?debug=1"
	if collected {
		url += "&gc=1"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return heap{}, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return heap{}, err
	}
	defer response.Body.Close()
	var h heap
	found := 0
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, value, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "# "), " = ")
		into := map[string]*int64{"TotalAlloc": &h.allocated, "Mallocs": &h.objects, "HeapAlloc": &h.live}[name]
		if into == nil {
			continue
		}
		if *into, err = strconv.ParseInt(value, 10, 64); err != nil {
			return heap{}, fmt.Errorf("%s: %w", url, err)
		}
		found++
	}
	if found != 3 && lines.Err() == nil {
		return heap{}, fmt.Errorf("GET %s: %s, without heap statistics", url, response.Status)
	}
	return h, lines.Err()
}
