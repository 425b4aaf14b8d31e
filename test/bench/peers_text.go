package bench

import (
	"fmt"
	"slices"
	"strings"
)

// write writes the comparison as Markdown.
func (p *Peers) write(b *strings.Builder) {
	if p == nil || len(p.Costs) == 0 {
		return
	}
	fmt.Fprintf(b, "- %s; %s\n", p.Postgres, strings.Join(p.Libraries, ", "))
	if p.Load[0] != "" {
		fmt.Fprintf(b, "- load average of the machine: %s before, %s after\n", p.Load[0], p.Load[1])
	}
	fmt.Fprintf(b, "- %d orders, of every variant to each end of the provider, ended in the provider's state\n\n", p.Ends)
	b.WriteString("| scenario | variant | orders | worker CPU, ms | server CPU, ms | database CPU, ms | all, ms | ÷ Rampart, PostgreSQL | events or rows left | database, KiB |\n")
	b.WriteString("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, c := range p.Costs {
		fmt.Fprintf(b, "| %s | %s | %d | %s | %s | %s | %s | %s | %.0f | %s |\n", c.Scenario, c.Variant, c.Orders, c.Worker, orDash(c.Server), orDash(c.Database),
			c.Total, p.ratio(c), c.Records, orNone(c.Growth))
	}
	p.writeIdle(b)
}

func (r Report) writeTakeovers(b *strings.Builder) {
	if len(r.Takeovers) == 0 {
		return
	}
	b.WriteString("| killed during | variant | orders | first goes on after | half | all |\n| --- | --- | ---: | ---: | ---: | ---: |\n")
	for _, t := range r.Takeovers {
		fmt.Fprintf(b, "| %s | %s | %d | %.1f s | %.1f s | %.1f s |\n", t.During, t.Variant, t.Orders, t.First, t.Half, t.All)
	}
	b.WriteString("\n")
}

func (p *Peers) writeIdle(b *strings.Builder) {
	var idle []string
	for _, variant := range []Variant{Ours, OursPostgres, DBOS, River} {
		if share, measured := p.Idle[variant]; measured {
			idle = append(idle, fmt.Sprintf("%s %.1f %%", variant, 100*share))
		}
	}
	fmt.Fprintf(b, "\nIdle programs without orders, which is not part of the costs, in shares of one processor: %s.\n\n", strings.Join(idle, "; "))
}

// orDash formats a figure, or a dash if all its values are 0.
func orDash(s Spread) string {
	if s.Least == 0 && s.Most == 0 {
		return "–"
	}
	return s.String()
}

// ratio returns the processor time of a variant divided by that of Rampart on PostgreSQL in the same round, as a median over the rounds.
func (p *Peers) ratio(c PeerCost) string {
	i := slices.IndexFunc(p.Costs, func(other PeerCost) bool { return other.Scenario == c.Scenario && other.Variant == OursPostgres })
	if i < 0 || len(p.Costs[i].Total.Values) != len(c.Total.Values) {
		return "–"
	}
	var ratios []float64
	for round, ours := range p.Costs[i].Total.Values {
		if ours > 0 {
			ratios = append(ratios, c.Total.Values[round]/ours)
		}
	}
	return fmt.Sprintf("%.2f", median(ratios))
}
