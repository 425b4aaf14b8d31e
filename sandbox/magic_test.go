package sandbox_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/sandbox"
)

// markdown writes the magic values as README.md holds them.
func markdown() string {
	var table strings.Builder
	table.WriteString("| where | value | outcome | course |\n| --- | --- | --- | --- |\n")
	for _, m := range sandbox.MagicTable() {
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", m.Where, m.Value, m.Outcome, m.Course)
	}
	return table.String()
}

func TestREADMEContainsTheMagicTable(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	require.True(t, strings.Contains(string(readme), markdown()), "README.md must hold this table:\n\n%s", markdown())
}

// fractions lists the values of the table for amounts.
func fractions(where string) []string {
	var found []string
	for _, m := range sandbox.MagicTable() {
		if strings.HasPrefix(m.Where, where) {
			found = append(found, strings.Trim(strings.TrimPrefix(m.Value, "ends in "), "`"))
		}
	}
	return found
}

func TestEveryMagicAmountHasATestedCourse(t *testing.T) {
	t.Parallel()
	for where, courses := range map[string]map[string][]string{
		"on-ramp INR amount": onrampCourses(), "off-ramp amount": offrampCourses(),
	} {
		tested := []string{}
		for fraction := range courses {
			if fraction != ".00" {
				tested = append(tested, fraction)
			}
		}
		require.ElementsMatch(t, fractions(where), tested)
	}
}

func TestMagicTableDescribesTheCoursesOfOrders(t *testing.T) {
	t.Parallel()
	status := regexp.MustCompile("`([A-Za-z]+)`")
	for _, m := range sandbox.MagicTable() {
		courses := onrampCourses()
		if strings.HasPrefix(m.Where, "off-ramp") {
			courses = offrampCourses()
		}
		fraction := strings.Trim(strings.TrimPrefix(m.Value, "ends in "), "`")
		course, isAmount := courses[fraction]
		if !isAmount || !strings.Contains(m.Where, "amount") {
			continue
		}
		path := m.Outcome[strings.LastIndex(m.Outcome, ": ")+1:]
		var told []string
		for _, match := range status.FindAllStringSubmatch(path, -1) {
			told = append(told, match[1])
		}
		require.Equal(t, course[len(course)-len(told):], told, "%s %s", m.Where, m.Value)
		if m.Course != "flapping" {
			require.LessOrEqual(t, len(course)-len(told), 2, "only the statuses before the proof are left out")
		}
	}
}

func TestMagicTableIsServedAndPrinted(t *testing.T) {
	t.Parallel()
	require.JSONEq(t, string(encode(t, sandbox.MagicTable())), start(t).send(http.MethodGet, "/sandbox/magic", nil, nil).text)
	var printed bytes.Buffer
	require.NoError(t, sandbox.WriteMagicTable(&printed))
	require.Equal(t, len(sandbox.MagicTable())+1, strings.Count(printed.String(), "\n"))
	require.NotContains(t, printed.String(), "`")
}
