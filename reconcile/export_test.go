package reconcile_test

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/reconcile"
)

func read(text string) ([]reconcile.ExportRow, error) {
	var rows []reconcile.ExportRow
	err := reconcile.ReadExport(strings.NewReader(text), func(row reconcile.ExportRow) error {
		rows = append(rows, row)
		return nil
	})
	return rows, err
}

func TestExportIsReadByTheNamesOfItsColumns(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"as a store keeps it":          "orderid,direction,status,fiat,token,wallet,utr,tds,createdat\n6500a,onramp,completed,1000,USDC,0x11,412345678901,10,2026-11-26T10:00:00Z\n",
		"with names of a dashboard":    "Customer,Order ID,Type,Status,Amount (INR),Token Symbol,Wallet Address,UTR Number,TDS Amount,Created At\nAsha,6500a,BUY,completed,\"₹1,000.00\",USDC,0x11,412345678901,10.00,2026-11-26 15:30:00\n",
		"with semicolons and a mark":   "\xef\xbb\xbfstatus;order_id;amount;token;wallet;utr;tds;created_at;type\r\ncompleted;6500a;1000.00;USDC;0x11;412345678901;10;2026-11-26 15:30;onramp\r\n",
		"with apostrophes of a writer": "order_id,status,type,fiat,token,wallet,utr,tds,date\n'6500a,'completed,onramp,'1000,USDC,'0x11,'412345678901,10,26/11/2026 15:30\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, err := read(text)
			require.NoError(t, err)
			require.Len(t, rows, 1)
			row := rows[0]
			require.Equal(t, "6500a", row.OrderID)
			require.Equal(t, ramp.Onramp, row.Direction)
			require.Equal(t, "completed", row.Status)
			require.Equal(t, "1000", row.Fiat.Decimal.String())
			require.Equal(t, "USDC", row.Token)
			require.Equal(t, "0x11", row.Wallet)
			require.Equal(t, "412345678901", string(row.UTR))
			require.Equal(t, "10", row.TDS.Decimal.String())
			require.Equal(t, time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC), row.CreatedAt)
		})
	}
}

func TestBadExportIsRefusedWithItsLine(t *testing.T) {
	t.Parallel()
	const secret = "412345678901"
	for name, tc := range map[string]struct{ text, problem string }{
		"empty":              {"", "names of its columns"},
		"no order id":        {"status,utr\ncompleted," + secret + "\n", "order ids"},
		"no status":          {"order_id\n" + secret + "\n", "statuses"},
		"bad order id":       {"order_id,status,utr\n6500 a,completed," + secret + "\n", "line 2"},
		"path as order id":   {"order_id,status\n../../etc,completed\n", "line 2"},
		"status missing":     {"order_id,status\n6500a,\n", "line 2"},
		"bad amount":         {"order_id,status,amount\n6500a,completed,1000\n6500b,completed," + secret + "x\n", "line 3"},
		"huge exponent":      {"order_id,status,amount\n6500a,completed,1e999999999\n", "line 2"},
		"bad time":           {"order_id,status,created_at\n6500a,completed," + secret + "\n", "line 2"},
		"long value":         {"order_id,status,utr\n6500a,completed," + strings.Repeat("1", 500) + "\n", "more than 200 bytes"},
		"row of other width": {"order_id,status\n6500a,completed," + secret + "\n", "line 2"},
		"broken quotes":      {"order_id,status\n6500a,\"completed\n", "CSV"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read(tc.text)
			require.ErrorContains(t, err, tc.problem)
			require.NotContains(t, err.Error(), secret)
		})
	}
}

func TestStoreThatFailsIsNotABadExport(t *testing.T) {
	t.Parallel()
	failure := &reconcile.StoreError{Cause: errors.New("reset")}
	err := reconcile.ReadExport(iotest.ErrReader(failure), func(reconcile.ExportRow) error { return nil })
	require.ErrorIs(t, err, failure)
}

func FuzzExport(f *testing.F) {
	f.Add("order_id,status,amount\n6500a,completed,1000\n")
	f.Add("order_id;status\n\"65\";=x\n")
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := read(text)
		if err == nil {
			for _, row := range rows {
				require.NotEmpty(t, row.OrderID)
				require.NotEmpty(t, row.Status)
			}
		}
	})
}
