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

// Story prints an order's story: what has happened, what is awaited, what is wrong and what to do.
func (s *Screen) Explanation(explanation *explain.Explanation, options Options) {
	s.heading(explanation)
	s.paragraph("", clean(explanation.Standing))
	s.runs(explanation)
	if explanation.OrderID != "" {
		s.fact("Provider's order", clean(explanation.OrderID)+s.styles.faint.Render(at(explanation.ProviderStatus)))
	}
	s.happened(explanation.Happened)
	s.awaited(explanation.Awaits, options)
	s.wrong(explanation.Problems, options)
	s.toDo(explanation.Advice, options)
	if link := options.WebUI.Run(explanation); link != "" {
		s.Blank()
		s.fact("Web UI", link)
	}
}

// Trouble prints why somebody must look at an order, and what to do.
func (s *Screen) Attention(explanation *explain.Explanation, options Options) {
	s.heading(explanation)
	if explanation.Ended != "" {
		s.paragraph("", clean(explanation.Standing))
		s.advice(explanation.Advice, options)
		s.note("The whole story: " + command(options, "explain", explanation.WorkflowID, "--run", explanation.RunID))
		return
	}
	s.problems(explanation.Problems, options)
	if explanation.Reference != "" {
		s.note("The whole story: " + command(options, "explain", explanation.WorkflowID))
	}
}

// runs prints the runs of a reference that has several, and which of them is told of.
func (s *Screen) runs(explanation *explain.Explanation) {
	if len(explanation.Runs) == 0 {
		return
	}
	s.Linef("%sThis reference has %d runs; this is the story of the one marked %s.", indent, len(explanation.Runs), this)
	for _, run := range explanation.Runs {
		mark := strings.Repeat(" ", lipgloss.Width(this))
		if run.RunID == explanation.RunID {
			mark = this
		}
		s.Linef("%s%s %s  %s  %s", indent, mark, clean(run.RunID), situation.Moment(run.StartedAt), fate(run))
	}
}

// this marks one of several.
const this = "▸"

// fate is what became of a run.
func fate(run explain.Run) string {
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

// refusal is an error in words, such as "reference taken" for ReferenceTaken.
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
		title, state = "Workflow "+clean(explanation.WorkflowID), s.styles.bad.Render("✗ no order")
	}
	s.Line(s.styles.title.Render(title) + "  " + state)
}

func (s *Screen) section(title string) {
	s.Blank()
	s.Line(s.styles.title.Render(title))
}

func (s *Screen) happened(entries []explain.Entry) {
	s.section("What has happened")
	timeline := NewTimeline(s)
	for _, entry := range entries {
		timeline.print(entry.At, s.kind(entry), entry.Text+took(entry))
	}
}

// kind fills the column of the status: with the new status, or with what kind of thing happened.
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

// took is how long something took, if that is worth a word.
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

// progress is how a wait for an answer goes.
func (s *Screen) progress(wait explain.Awaited) {
	if wait.LastAnswer != "" {
		s.note("last answer: " + clean(wait.LastAnswer) + ", " + situation.Moment(wait.CheckedAt))
	}
	if wait.Attempt > 1 {
		text := fmt.Sprintf("attempt %d", wait.Attempt)
		if !wait.NextAt.IsZero() {
			text += " comes " + situation.Moment(wait.NextAt)
		}
		s.note(text)
	}
	if wait.LastFailure != "" {
		s.note("last failure: " + s.styles.bad.Render(clean(wait.LastFailure)))
	}
}

func (s *Screen) wrong(problems []explain.Problem, options Options) {
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

func (s *Screen) toDo(all []explain.Advice, options Options) {
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
