package spreadsheet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/internal/spreadsheet"
)

func TestTextThatBeginsLikeAFormulaStaysText(t *testing.T) {
	t.Parallel()
	for _, formula := range []string{
		"=1+1", "+1", "-1", "@SUM(A1)", "|cmd", "%0", "＝1+1", "＋1", "－1", "＠SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", " ", "\t",
	} {
		require.Equal(t, "'"+formula, spreadsheet.Cell(formula), "%q", formula)
	}
	for _, text := range []string{"", "inv-42", "1000.00", "gas 0.10 USDC", "a=1", "₹5", "'=1"} {
		require.Equal(t, text, spreadsheet.Cell(text))
	}
}
