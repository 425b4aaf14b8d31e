// Command plot draws the measurements of bench from its JSON files, as PNG files.
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

func main() {
	into := flag.String("into", "docs/images", "directory of the pictures")
	flag.Parse()
	if err := run(*into, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}

func run(into string, reports []string) error {
	if len(reports) == 0 {
		return errors.New("no arguments: name the JSON files that bench has written")
	}
	for _, path := range reports {
		r, err := read(path)
		if err != nil {
			return err
		}
		for _, picture := range pictures(r) {
			if err := picture.save(into); err != nil {
				return err
			}
		}
	}
	return nil
}

// report is the part of bench's report that is drawn.
type report struct {
	Costs []struct {
		Polls     int     `json:"polls"`
		Variant   string  `json:"variant"`
		Events    float64 `json:"events"`
		Actions   float64 `json:"billedActions"`
		ServerCPU struct {
			Median float64 `json:"median"`
		} `json:"serverCpuMs"`
	} `json:"costs"`
	Waiting *struct {
		Watched int `json:"watched"`
		Steps   []struct {
			Waiting     int     `json:"waiting"`
			Watched     int     `json:"watched"`
			ServerBytes float64 `json:"serverBytes"`
			WorkerBytes float64 `json:"workerBytes"`
			Proof       struct {
				P50 float64 `json:"p50Ms"`
				P99 float64 `json:"p99Ms"`
			} `json:"proofToProvider"`
		} `json:"steps"`
	} `json:"waiting"`
}

func read(path string) (report, error) {
	var r report
	content, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(content, &r); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// picture is lines over a logarithmic horizontal axis.
type picture struct {
	file, title, x, y string
	// logarithmic is set if the vertical axis is logarithmic too.
	logarithmic bool
	names       []string
	lines       map[string]plotter.XYs
}

func newPicture(file, title, x, y string, logarithmic bool) *picture {
	return &picture{file: file, title: title, x: x, y: y, logarithmic: logarithmic, lines: map[string]plotter.XYs{}}
}

func (p *picture) add(name string, x, y float64) {
	if !slices.Contains(p.names, name) {
		p.names = append(p.names, name)
	}
	p.lines[name] = append(p.lines[name], plotter.XY{X: x, Y: y})
}

func pictures(r report) []*picture {
	var all []*picture
	if len(r.Costs) > 0 {
		all = append(all, costs(r)...)
	}
	if r.Waiting != nil {
		all = append(all, waiting(r)...)
	}
	return all
}

func costs(r report) []*picture {
	const polls = "polls until the order is completed"
	cpu := newPicture("bench-cpu", "Server CPU of an order", polls, "ms", true)
	events := newPicture("bench-events", "History of an order", polls, "events", true)
	actions := newPicture("bench-actions", "Temporal Cloud actions of an order", polls, "billed actions", true)
	for _, c := range r.Costs {
		cpu.add(c.Variant, float64(c.Polls), c.ServerCPU.Median)
		events.add(c.Variant, float64(c.Polls), c.Events)
		actions.add(c.Variant, float64(c.Polls), c.Actions)
	}
	return []*picture{cpu, events, actions}
}

func waiting(r report) []*picture {
	const mebibyte = 1 << 20
	orders := fmt.Sprintf("orders that wait for their proof, while %d are watched", r.Waiting.Watched)
	memory := newPicture("bench-waiting-memory", "Memory of one worker and one server", orders, "MiB", false)
	proofs := newPicture("bench-waiting-proofs", "From proof to provider, while orders wait", orders, "ms", false)
	for _, s := range r.Waiting.Steps {
		if s.Waiting == 0 {
			continue
		}
		memory.add("server (SQLite in memory)", float64(s.Waiting), s.ServerBytes/mebibyte)
		memory.add("worker", float64(s.Waiting), s.WorkerBytes/mebibyte)
		proofs.add("p50", float64(s.Waiting), s.Proof.P50)
		proofs.add("p99", float64(s.Waiting), s.Proof.P99)
	}
	return []*picture{memory, proofs}
}

func (p *picture) save(into string) error {
	drawn := plot.New()
	drawn.Title.Text = p.title
	drawn.X.Label.Text, drawn.Y.Label.Text = p.x, p.y
	drawn.X.Scale, drawn.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	if p.logarithmic {
		drawn.Y.Scale, drawn.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	}
	drawn.Legend.Top, drawn.Legend.Left = true, true
	drawn.Add(plotter.NewGrid())
	var lines []any
	for _, name := range p.names {
		points := p.lines[name]
		slices.SortFunc(points, func(a, b plotter.XY) int { return cmp.Compare(a.X, b.X) })
		lines = append(lines, name, points)
	}
	if err := plotutil.AddLinePoints(drawn, lines...); err != nil {
		return err
	}
	p.leaveRoom(drawn)
	return drawn.Save(16*vg.Centimeter, 10*vg.Centimeter, filepath.Join(into, p.file+".png"))
}

// leaveRoom leaves room for the legend above the lines, and starts a linear axis at zero.
func (p *picture) leaveRoom(drawn *plot.Plot) {
	if p.logarithmic {
		drawn.Y.Max *= 8
		return
	}
	drawn.Y.Min = 0
	drawn.Y.Max *= 1.3
}
