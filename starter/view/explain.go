package view

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/charmbracelet/lipgloss"

	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/starter/explain"
)

// Explanation prints an explained order: its situation, history, waits, problems and advice.
func (s *Screen) Explanation(explanation *explain.Explanation, options Options) {
	s.heading(explanation)
	s.paragraph("", clean(explanation.Standing))
	s.runs(explanation)
	if explanation.OrderID != "" {
		s.fact("Provider's order", clean(explanation.OrderID)+s.styles.faint.Render(at(explanation.ProviderStatus)))
	}
	s.history(explanation.Happened)
	s.awaited(explanation.Awaits, options)
	s.problemSection(explanation.Problems, options)
	s.adviceSection(explanation.Advice, options)
	if link := options.WebUI.Run(explanation); link != "" {
		s.Blank()
		s.fact("Web UI", link)
	}
}

// Attention prints why an order needs a person, and what to do.
func (s *Screen) Attention(explanation *explain.Explanation, options Options) {
	s.heading(explanation)
	if explanation.Ended != "" {
		s.paragraph("", clean(explanation.Standing))
		s.advice(explanation.Advice, options)
		s.note("Full history: " + command(options, "explain", explanation.WorkflowID, "--run", explanation.RunID))
		return
	}
	s.problems(explanation.Problems, options)
	if explanation.Reference != "" {
		s.note("Full history: " + command(options, "explain", explanation.WorkflowID))
	}
}

// runs prints the runs of a reference that has several, and marks the explained one.
func (s *Screen) runs(explanation *explain.Explanation) {
	if len(explanation.Runs) == 0 {
		return
	}
	s.Linef("%sThis reference has %d runs; the one marked %s is explained here.", indent, len(explanation.Runs), marker)
	for _, run := range explanation.Runs {
		mark := strings.Repeat(" ", lipgloss.Width(marker))
		if run.RunID == explanation.RunID {
			mark = marker
		}
		s.Linef("%s%s %s  %s  %s", indent, mark, clean(run.RunID), situation.Moment(run.StartedAt), result(run))
	}
}

// marker marks one run of several.
const marker = "▸"

// result says how a run ended, or its status.
func result(run explain.Run) string {
	switch {
	case run.Ended != "":
		return refusal(run.Ended)
	case run.Running && run.Status == "":
		return "running"
	case run.Running, run.Status.Final():
		return Words(run.Status)
	default:
		return "ended without a result"
	}
}

// refusal formats an error type, such as "reference taken" for ReferenceTaken.
func refusal(t ramp.ErrorType) string {
	var words strings.Builder
	for i, r := range string(t) {
		if unicode.IsUpper(r) && i > 0 {
			words.WriteByte(' ')
		}
		words.WriteRune(unicode.ToLower(r))
	}
	return clean(words.String())
}

func (s *Screen) heading(explanation *explain.Explanation) {
	symbol, style := s.styles.status(explanation.Status)
	state := style.Render(symbol + " " + Words(explanation.Status))
	if explanation.Workflow != "running" && !explanation.Status.Final() {
		state = s.styles.bad.Render("✗ " + strings.ReplaceAll(explanation.Workflow, "_", " ") + ", was " + Words(explanation.Status))
	}
	if explanation.Ended != "" {
		state = s.styles.faint.Render("✗ " + refusal(explanation.Ended))
	}
	title := Title(explanation.Direction) + " order " + clean(explanation.Reference)
	if explanation.NotAnOrder {
		title, state = "Workflow "+clean(explanation.WorkflowID), s.styles.bad.Render("✗ not an order")
	}
	s.Line(s.styles.title.Render(title) + "  " + state)
}

func (s *Screen) section(title string) {
	s.Blank()
	s.Line(s.styles.title.Render(title))
}

func (s *Screen) history(entries []explain.Entry) {
	s.section("What has happened")
	timeline := NewTimeline(s)
	for _, entry := range entries {
		timeline.print(entry.At, s.kind(entry), entry.Text+took(entry))
	}
}

// kind returns the status column of an entry: its new status, or its kind.
func (s *Screen) kind(entry explain.Entry) string {
	if entry.Status != "" {
		symbol, style := s.styles.status(entry.Status)
		words := Words(entry.Status)
		return style.Render(symbol+" "+words) + strings.Repeat(" ", max(0, statusWidth-len(words)))
	}
	word := string(entry.Kind)
	if entry.Kind == explain.KindStatus {
		word = "note"
	}
	style := s.styles.faint
	if entry.Problem {
		style = s.styles.bad
	}
	return "  " + style.Render(word) + strings.Repeat(" ", max(0, statusWidth-len(word)))
}

// took returns how long an entry took; empty for less than a second.
func took(entry explain.Entry) string {
	if entry.Over.IsZero() || entry.Over.Sub(entry.At) < time.Second {
		return ""
	}
	return " (" + situation.Span(entry.Over.Sub(entry.At)) + ")"
}

func (s *Screen) awaited(all []explain.Awaited, options Options) {
	if len(all) == 0 {
		return
	}
	s.section("What is awaited")
	for _, wait := range all {
		s.paragraph(s.styles.wait.Render("◆ "), "from "+wait.From+": "+clean(wait.What))
		if !wait.Since.IsZero() {
			s.note("since " + situation.Moment(wait.Since))
		}
		if !wait.Until.IsZero() {
			s.note("until " + situation.Moment(wait.Until) + ", " + situation.Left(wait.Until, options.Now))
		}
		s.progress(wait)
	}
}

// progress prints the attempts and the last answer of a wait.
func (s *Screen) progress(wait explain.Awaited) {
	if wait.LastAnswer != "" {
		s.note("last answer: " + clean(wait.LastAnswer) + ", " + situation.Moment(wait.CheckedAt))
	}
	if wait.Attempt > 1 {
		text := fmt.Sprintf("attempt %d", wait.Attempt)
		if !wait.NextAt.IsZero() {
			text += " starts " + situation.Moment(wait.NextAt)
		}
		s.note(text)
	}
	if wait.LastFailure != "" {
		s.note("last failure: " + s.styles.bad.Render(clean(wait.LastFailure)))
	}
}

func (s *Screen) problemSection(problems []explain.Problem, options Options) {
	if len(problems) == 0 {
		return
	}
	s.section("What is wrong")
	s.problems(problems, options)
}

func (s *Screen) problems(problems []explain.Problem, options Options) {
	for _, problem := range problems {
		s.paragraph(s.styles.bad.Render("! "), clean(problem.What))
		if !problem.Since.IsZero() {
			s.note("since " + situation.Moment(problem.Since) + ", for " + situation.Span(max(0, options.Now.Sub(problem.Since))))
		}
		s.advice(problem.Advice, options)
	}
}

func (s *Screen) adviceSection(all []explain.Advice, options Options) {
	if len(all) == 0 {
		return
	}
	s.section("What to do")
	s.advice(all, options)
}

func (s *Screen) advice(all []explain.Advice, options Options) {
	for _, advice := range all {
		s.suggest(advice.What, advice.Command, options)
	}
}

// note prints a line that belongs to the one above it.
func (s *Screen) note(text string) { s.paragraph("  ", text) }

// paragraph prints a mark and a text, the text wrapped in its own column on a terminal.
func (s *Screen) paragraph(mark, text string) {
	margin := len(indent) + lipgloss.Width(mark)
	for i, line := range s.wrap(text, margin) {
		if i > 0 {
			mark = strings.Repeat(" ", lipgloss.Width(mark))
		}
		s.Line(indent + mark + line)
	}
}
