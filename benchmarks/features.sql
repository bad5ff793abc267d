-- The feature catalogue as one hand-written DuckDB query: peer of services/profile/portrait/domain/features in the benchmark.
-- Reads a table `invoices` with the lake's columns and a table `moment` with one row (as_of DATE).
WITH stated AS (
    SELECT enterprise, direction = 'sale' AS sale, counterparty, date AS day, net_fen AS net, tax_fen AS tax,
           total_fen AS total, status = 'valid' AS valid,
           status = 'valid' AND total_fen > 0 AS blue,
           status = 'valid' AND total_fen < 0 AS red,
           reversal IS NOT NULL AND total_fen > 0 AS told,
           coalesce(reversal = 'whole' AND total_fen > 0, false) AS gone
    FROM invoices, moment
    WHERE date <= as_of
),
-- Red letters of what is told as cancelled take nothing off: what is told until that day comes to their amount.
explained AS (
    SELECT enterprise, sale, counterparty, day, -net AS net, -tax AS tax
    FROM (SELECT *, sum(CASE WHEN told THEN total ELSE 0 END)
                    OVER (PARTITION BY enterprise, sale, counterparty ORDER BY day) AS until
          FROM stated
          WHERE valid AND (told OR red))
    WHERE red AND until >= -total
),
rows AS (
    SELECT enterprise, sale, counterparty, day,
           CASE WHEN valid AND NOT told THEN net ELSE 0 END AS net, CASE WHEN valid AND NOT told THEN tax ELSE 0 END AS tax,
           CASE WHEN blue THEN net ELSE 0 END AS charged, CASE WHEN red THEN -net ELSE 0 END AS cancelled,
           blue AS issued, blue AND NOT gone AS blue, red, NOT valid AS void,
           least(36, year(as_of) * 12 + month(as_of) - year(day) * 12 - month(day) - (day(day) > day(as_of))::INT) AS slot
    FROM (SELECT * FROM stated
          UNION ALL BY NAME
          SELECT *, 0 AS total, true AS valid, false AS blue, false AS red, false AS told, true AS gone FROM explained), moment
),
months AS (
    SELECT enterprise, sale, slot,
           sum(net)::BIGINT AS net,
           sum(tax)::BIGINT AS tax,
           sum(charged)::BIGINT AS charged,
           sum(cancelled)::BIGINT AS cancelled,
           count(*) FILTER (issued) AS issued,
           count(*) FILTER (blue) AS blues,
           count(*) FILTER (red) AS reds,
           count(*) FILTER (void) AS voids,
           bit_count(bit_or(CASE WHEN blue THEN 1::BIGINT << day(day) ELSE 0 END)) AS days,
           min(day) FILTER (blue) AS first,
           max(day) FILTER (blue) AS last
    FROM rows
    GROUP BY ALL
),
gaps AS (
    SELECT enterprise, sale, max(slot - before) AS gap, min(slot) AS silent, max(slot) AS oldest
    FROM (SELECT enterprise, sale, slot, lag(slot) OVER (PARTITION BY enterprise, sale ORDER BY slot) AS before
          FROM months
          WHERE slot < 36 AND blues > 0)
    GROUP BY ALL
),
-- The level of a month: its logarithm to the base two, straight between two powers; a thousand yuan are the ground.
powers AS (
    SELECT *, greatest(0, net) + 100000 AS above, length(bin(greatest(0, net) + 100000)) - 1 AS power
    FROM months
),
levels AS (
    SELECT * EXCLUDE (above, power),
           (power * 65536 + (above::HUGEINT - (1::HUGEINT << power)) * 65536 // (1::HUGEINT << power))::BIGINT
               - (16 * 65536 + (100000 - 65536)) AS level
    FROM powers
),
lean AS (
    SELECT enterprise, sale, sum(level) - coalesce(sum(level) FILTER (place <= 6), 0) AS lean_12
    FROM (SELECT enterprise, sale, level,
                 row_number() OVER (PARTITION BY enterprise, sale ORDER BY level DESC) AS place
          FROM levels
          WHERE slot < 12)
    GROUP BY ALL
),
flows AS (
    SELECT enterprise, sale,
           min(first) IS NOT NULL AS known,
           sum(level) FILTER (slot < 6) AS level_6,
           sum(level) FILTER (slot < 12) AS level_12,
           sum(level) FILTER (slot < 36) AS level_36,
           sum(net) FILTER (slot < 3) AS net_3,
           sum(net) FILTER (slot BETWEEN 12 AND 14) AS net_3_before,
           sum(net) FILTER (slot < 6) AS net_6,
           sum(net) FILTER (slot BETWEEN 12 AND 17) AS net_6_before,
           sum(net) FILTER (slot < 12) AS net_12,
           sum(net) FILTER (slot BETWEEN 12 AND 23) AS net_12_before,
           sum(net) FILTER (slot < 24) AS net_24,
           sum(net) FILTER (slot < 36) AS net_36,
           sum(net * slot) FILTER (slot < 24) AS moment_24,
           sum(net::HUGEINT * net) FILTER (slot < 24) AS squares_24,
           max(CASE WHEN slot < 12 THEN net ELSE 0 END) AS peak_12,
           median(net) FILTER (slot < 12 AND blues > 0) AS typical_12,
           sum(tax) FILTER (slot < 36) AS tax_36,
           sum(charged) FILTER (slot < 12) AS charged_12,
           sum(charged) FILTER (slot < 36) AS charged_36,
           sum(cancelled) FILTER (slot < 36) AS cancelled_36,
           sum(issued) FILTER (slot < 36) AS issued_36,
           sum(blues) FILTER (slot < 12) AS blues_12,
           sum(blues) FILTER (slot < 36) AS blues_36,
           sum(reds) FILTER (slot < 36) AS reds_36,
           sum(voids) FILTER (slot < 36) AS voids_36,
           sum(days) FILTER (slot < 12) AS days_12,
           bit_or(CASE WHEN slot < 36 AND blues > 0 THEN 1::BIGINT << slot ELSE 0 END) AS active,
           min(first) AS first,
           max(last) AS last
    FROM levels
    GROUP BY ALL
),
seasons AS (
    SELECT enterprise,
           sum(earlier + later) AS total, sum((earlier + later) * (earlier + later)) AS squares,
           sum(later) AS later, sum(earlier) AS earlier,
           sum(later * later) AS later_squares, sum(earlier * earlier) AS earlier_squares,
           sum(later * earlier) AS products, sum(least(later, earlier)) AS held
    FROM (SELECT enterprise, slot % 12 AS position,
                 greatest(0, sum(CASE WHEN slot < 12 THEN net ELSE 0 END)) AS later,
                 greatest(0, sum(CASE WHEN slot >= 12 THEN net ELSE 0 END)) AS earlier
          FROM months
          WHERE sale AND slot < 24
          GROUP BY ALL)
    GROUP BY ALL
),
links AS (
    SELECT enterprise, sale, counterparty,
           greatest(0, sum(CASE WHEN slot < 12 THEN net ELSE 0 END))::BIGINT AS x12,
           greatest(0, sum(CASE WHEN slot BETWEEN 12 AND 23 THEN net ELSE 0 END))::BIGINT AS x12_before,
           greatest(0, sum(CASE WHEN slot < 36 THEN net ELSE 0 END))::BIGINT AS x36,
           bit_or(CASE WHEN blue AND slot < 36 THEN 1::BIGINT << slot ELSE 0 END) AS met,
           min(day) FILTER (blue) AS since
    FROM rows
    GROUP BY ALL
),
partners AS (
    SELECT enterprise, sale,
           count(*) FILTER (x12 > 0) AS partners_12,
           count(*) FILTER (x12_before > 0) AS partners_12_before,
           sum(x12) AS traded_12,
           sum(x12_before) AS traded_12_before,
           sum(x36) AS traded_36,
           sum(x12::HUGEINT * x12) AS squares_12,
           max(x12) AS top1_12,
           coalesce(sum(x12_before) FILTER (x12 > 0), 0) AS kept_12,
           coalesce(sum(x36) FILTER (bit_count(met) >= 3), 0) AS repeated_36,
           coalesce(sum(x36) FILTER (bit_count(met) >= 12), 0) AS anchored_36,
           coalesce(sum(x12) FILTER (met < 4096), 0) AS newly_12,
           sum(least(x12, x12_before)) AS kept_24,
           count(*) FILTER (bit_count(met) >= 3 AND x36 > 0) AS repeats_36,
           sum(bit_count(met)) AS met_36,
           sum(x12 * coalesce(as_of - since, 0)) AS age_12
    FROM links, moment
    GROUP BY ALL
),
sides AS (
    SELECT f.*, gap, silent, oldest, lean_12, p.* EXCLUDE (enterprise, sale)
    FROM flows f
    LEFT JOIN lean l ON f.enterprise = l.enterprise AND f.sale = l.sale
    JOIN partners p ON f.enterprise = p.enterprise AND f.sale = p.sale
    LEFT JOIN gaps g ON f.enterprise = g.enterprise AND f.sale = g.sale
),
-- A side without rows counts as zero, except for what would then be unknown.
counts AS (
    SELECT enterprise, sale, known, first, last, gap, silent, oldest, typical_12,
           coalesce(COLUMNS(* EXCLUDE (enterprise, sale, known, first, last, gap, silent, oldest, typical_12)), 0)
    FROM (SELECT enterprise, sale FROM (SELECT DISTINCT enterprise FROM months), (VALUES (true), (false)) v(sale))
    LEFT JOIN sides USING (enterprise, sale)
),
firms AS (
    SELECT s AS s, p AS p, n AS n, s.enterprise AS enterprise, as_of,
           year(as_of) * 12 + month(as_of) - year(start) * 12 - month(start)
               - (day(start) > day(as_of))::INT AS reach,
           least(24, reach + 1)::HUGEINT AS known
    FROM (SELECT s, p, n, least(s.first, p.first) AS start
          FROM counts s
          JOIN counts p ON s.enterprise = p.enterprise
          LEFT JOIN seasons n ON s.enterprise = n.enterprise
          WHERE s.sale AND NOT p.sale), moment
),
features AS (
    SELECT enterprise,
    -- payment
    CASE WHEN s.charged_36 > 0 THEN least(1, greatest(0, s.cancelled_36 / s.charged_36)) END AS sales_red_ratio_36m,
    CASE WHEN s.issued_36 > 9 THEN s.reds_36 / s.issued_36 END AS sales_red_rate_36m,
    CASE WHEN p.charged_36 > 0 THEN least(1, greatest(0, p.cancelled_36 / p.charged_36)) END AS purchases_red_ratio_36m,
    CASE WHEN s.issued_36 + s.voids_36 > 9 THEN s.voids_36 / (s.issued_36 + s.voids_36) END AS sales_void_rate_36m,
    CASE WHEN p.issued_36 + p.voids_36 > 9 THEN p.voids_36 / (p.issued_36 + p.voids_36) END AS purchases_void_rate_36m,
    -- operation
    CASE WHEN s.known THEN s.net_12 END AS sales_12m,
    CASE WHEN s.known THEN least(s.net_12, s.charged_12 * 9 / 10) END AS sales_prudent_12m,
    CASE WHEN s.known THEN s.net_36 END AS sales_36m,
    CASE WHEN s.known THEN least(s.net_36, s.charged_36 * 9 / 10) END AS sales_prudent_36m,
    s.typical_12 AS sales_typical_month_12m,
    CASE WHEN p.known THEN p.net_12 END AS purchases_12m,
    CASE WHEN s.known THEN s.blues_12 END AS sales_invoices_12m,
    CASE WHEN s.issued_36 > 0 THEN s.charged_36 / s.issued_36 END AS sales_ticket_36m,
    CASE WHEN greatest(0, s.net_36) + greatest(0, p.net_36) > 0
         THEN (greatest(0, s.net_36) - greatest(0, p.net_36)) / (greatest(0, s.net_36) + greatest(0, p.net_36))
    END AS margin_36m,
    CASE WHEN s.net_36 > 0 THEN (s.tax_36 - p.tax_36) / s.net_36 END AS vat_burden_36m,
    CASE WHEN s.known THEN bit_count(s.active & 4095) END AS sales_active_months_12m,
    CASE WHEN s.known THEN bit_count(s.active) END AS sales_active_months_36m,
    CASE WHEN s.known THEN s.days_12 END AS sales_active_days_12m,
    CASE WHEN p.known THEN bit_count(p.active) END AS purchases_active_months_36m,
    -- stability
    CASE WHEN reach >= 5 AND s.net_24 > 0
         THEN sqrt((known * s.squares_24 - s.net_24::HUGEINT * s.net_24)::DOUBLE) / s.net_24 END AS sales_variation_24m,
    CASE WHEN reach >= 5 AND p.net_24 > 0
         THEN sqrt((known * p.squares_24 - p.net_24::HUGEINT * p.net_24)::DOUBLE) / p.net_24 END AS purchases_variation_24m,
    CASE WHEN s.active > 0 THEN greatest(s.gap - 1, s.silent, 0) END AS sales_longest_silence_36m,
    CASE WHEN s.net_12 > 0 THEN least(1, greatest(0, s.peak_12 / s.net_12)) END AS sales_peak_share_12m,
    CASE WHEN reach >= 23 AND n.total > 0
         THEN (12 * n.squares - n.total * n.total) / (11 * n.total * n.total) END AS sales_season_strength_24m,
    CASE WHEN reach >= 23 AND 12 * n.later_squares > n.later * n.later AND 12 * n.earlier_squares > n.earlier * n.earlier
         THEN (12 * n.products - n.later * n.earlier)::DOUBLE
              / (sqrt((12 * n.later_squares - n.later * n.later)::DOUBLE)
                 * sqrt((12 * n.earlier_squares - n.earlier * n.earlier)::DOUBLE)) END AS sales_season_match_24m,
    CASE WHEN reach >= 23 AND s.traded_12_before > 0 THEN s.kept_12 / s.traded_12_before END AS customer_retention_12m,
    CASE WHEN reach >= 23 AND p.traded_12_before > 0 THEN p.kept_12 / p.traded_12_before END AS supplier_retention_12m,
    CASE WHEN s.traded_36 > 0 THEN s.repeated_36 / s.traded_36 END AS repeat_customer_share_36m,
    CASE WHEN s.traded_12 > 0 THEN s.age_12 / (s.traded_12 * 30.436875::DOUBLE) END AS customer_age_12m,
    CASE WHEN p.traded_12 > 0 THEN p.age_12 / (p.traded_12 * 30.436875::DOUBLE) END AS supplier_age_12m,
    -- growth
    CASE WHEN reach >= 23 AND greatest(0, s.net_12) + greatest(0, s.net_12_before) > 0
         THEN (greatest(0, s.net_12) - greatest(0, s.net_12_before))
              / (greatest(0, s.net_12) + greatest(0, s.net_12_before)) END AS sales_growth_12m,
    CASE WHEN reach >= 17 AND greatest(0, s.net_6) + greatest(0, s.net_6_before) > 0
         THEN (greatest(0, s.net_6) - greatest(0, s.net_6_before))
              / (greatest(0, s.net_6) + greatest(0, s.net_6_before)) END AS sales_growth_6m,
    CASE WHEN reach >= 14 AND greatest(0, s.net_3) + greatest(0, s.net_3_before) > 0
         THEN (greatest(0, s.net_3) - greatest(0, s.net_3_before))
              / (greatest(0, s.net_3) + greatest(0, s.net_3_before)) END AS sales_growth_3m,
    CASE WHEN reach >= 5 AND s.net_24 > 0
         THEN (known * (known * ((known - 1) * s.net_24 - s.moment_24) - known * (known - 1) // 2 * s.net_24))::DOUBLE
              / ((known * ((known - 1) * known * (2 * known - 1) // 6)
                  - (known * (known - 1) // 2) * (known * (known - 1) // 2)) * s.net_24)::DOUBLE END AS sales_trend_24m,
    CASE WHEN reach >= 23 AND greatest(0, p.net_12) + greatest(0, p.net_12_before) > 0
         THEN (greatest(0, p.net_12) - greatest(0, p.net_12_before))
              / (greatest(0, p.net_12) + greatest(0, p.net_12_before)) END AS purchases_growth_12m,
    CASE WHEN reach >= 23 AND s.partners_12 + s.partners_12_before > 0
         THEN (s.partners_12 - s.partners_12_before) / (s.partners_12 + s.partners_12_before) END AS customers_growth_12m,
    CASE WHEN reach >= 23 AND s.traded_12 > 0 THEN s.newly_12 / s.traded_12 END AS new_customer_share_12m,
    -- chain
    CASE WHEN s.known THEN s.partners_12 END AS customers_12m,
    CASE WHEN s.traded_12 > 0 THEN s.squares_12 / (s.traded_12::HUGEINT * s.traded_12) END AS customer_hhi_12m,
    CASE WHEN s.traded_12 > 0 THEN s.top1_12 / s.traded_12 END AS customer_top1_share_12m,
    CASE WHEN p.known THEN p.partners_12 END AS suppliers_12m,
    CASE WHEN p.traded_12 > 0 THEN p.squares_12 / (p.traded_12::HUGEINT * p.traded_12) END AS supplier_hhi_12m,
    CASE WHEN p.traded_12 > 0 THEN p.top1_12 / p.traded_12 END AS supplier_top1_share_12m,
    CASE WHEN s.traded_36 > 0 THEN s.anchored_36 / s.traded_36 END AS anchor_customer_share_36m,
    CASE WHEN p.traded_36 > 0 THEN p.anchored_36 / p.traded_36 END AS anchor_supplier_share_36m,
    CASE WHEN s.partners_12 > 0 THEN s.traded_12 / s.partners_12 END AS sales_per_customer_12m,
    -- confidence
    reach AS history_months,
    as_of - s.last AS sales_days_since_last,
    as_of - p.last AS purchases_days_since_last,
    s.blues_36 + p.blues_36 AS invoices_36m,
    bit_count(s.active & p.active) AS paired_months_36m,
    -- evidence
    CASE WHEN s.known THEN amount(s.level_36 / 36) END AS sales_even_month_36m,
    CASE WHEN s.known THEN amount(s.level_12 / 12) END AS sales_even_month_12m,
    CASE WHEN s.known THEN amount(s.level_6 / 6) END AS sales_even_month_6m,
    CASE WHEN s.known THEN amount(s.lean_12 / 6) END AS sales_lean_month_12m,
    CASE WHEN s.known THEN coalesce(n.held, 0) END AS sales_held_24m,
    CASE WHEN s.known THEN CASE WHEN s.active > 0 THEN greatest(s.gap - 1, s.silent, 35 - s.oldest) ELSE 36 END
    END AS sales_silence_36m,
    CASE WHEN s.known THEN s.repeats_36 END AS customers_repeat_36m,
    CASE WHEN s.known THEN s.met_36 END AS customers_months_36m,
    CASE WHEN s.known THEN s.kept_24 END AS customers_held_24m,
    CASE WHEN p.known THEN p.net_36 END AS purchases_36m,
    CASE WHEN p.known THEN amount(p.level_36 / 36) END AS purchases_even_month_36m,
    CASE WHEN p.known THEN p.repeats_36 END AS suppliers_repeat_36m
    FROM firms
)
SELECT enterprise, CASE WHEN history_months IS NOT NULL THEN COLUMNS(* EXCLUDE (enterprise))::DOUBLE END
FROM features
ORDER BY enterprise;
