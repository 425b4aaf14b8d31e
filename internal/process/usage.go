package process

import (
	"slices"
	"strings"
	"time"

	"github.com/prometheus/procfs"
)

// CPU returns the processor time in user and kernel mode that the process has used since its start, to 10 ms. It fails without
// /proc and once the process has exited.
func (p *Process) CPU() (time.Duration, error) {
	proc, err := procfs.NewProc(p.PID())
	if err != nil {
		return 0, err
	}
	stat, err := proc.Stat()
	return time.Duration(stat.CPUTime() * float64(time.Second)), err
}

// TreeCPU returns the processor time, as CPU does, of the process and of all below it, those included that have exited and that their
// parents have waited for.
func (p *Process) TreeCPU() (time.Duration, error) {
	all, err := procfs.AllProcs()
	if err != nil {
		return 0, err
	}
	children, ticks := map[int][]int{}, map[int]uint{}
	for _, each := range all {
		stat, err := each.Stat()
		if err != nil {
			continue // it has exited
		}
		children[stat.PPID] = append(children[stat.PPID], stat.PID)
		ticks[stat.PID] = stat.UTime + stat.STime + uint(max(stat.CUTime+stat.CSTime, 0))
	}
	total, tree := uint(0), []int{p.PID()}
	for len(tree) > 0 {
		total += ticks[tree[0]]
		tree = append(tree[1:], children[tree[0]]...)
	}
	return time.Duration(total) * time.Second / userHertz, nil
}

// userHertz is the number of ticks a second in which /proc tells processor time: the same on every machine.
const userHertz = 100

// Resident returns the resident memory of the process in bytes; 0 without /proc and once the process has exited.
func (p *Process) Resident() int64 { return int64(p.status().VmRSS) }

// status is zero once the process has exited: another one may have its id by then.
func (p *Process) status() procfs.ProcStatus {
	proc, err := procfs.NewProc(p.PID())
	if err != nil || !p.Running() {
		return procfs.ProcStatus{}
	}
	status, _ := proc.NewStatus() // zero if it has exited
	return status
}

// readPeak returns the most memory that the process has had resident so far, in bytes. The kernel keeps it while the process runs.
func (p *Process) readPeak() int64 {
	now := int64(p.status().VmHWM)
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(now, p.peak)
}

// PeakMemory returns, by kind of program, the most memory that one process had resident, in bytes. It is exact for processes that
// run or were stopped; that of processes that exited by themselves is unknown. Without /proc all values are 0.
func (g *Group) PeakMemory() map[string]int64 {
	g.mu.Lock()
	all := slices.Clone(g.processes)
	g.mu.Unlock()
	peaks := map[string]int64{}
	for _, p := range all {
		kind, _, _ := strings.Cut(p.name, "-")
		peaks[kind] = max(peaks[kind], p.readPeak())
	}
	return peaks
}
