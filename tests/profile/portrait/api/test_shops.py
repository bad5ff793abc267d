"""A shop that sells to persons, by table and by XML: what it sells counts, and it depends on nobody."""

from __future__ import annotations

import pytest
from electronic_invoices import SELLER, xml, zipped
from profile_house import House

FIRM = f"uscc:{SELLER}"
TABLE = "销方识别号,数电发票号码,购方识别号,购买方名称,开票日期,金额,税额,价税合计,发票状态\n"
ROWS = [f"{SELLER},2435200000000000000{place},,个人,2024-03-05,120.50,13.00,133.50,正常" for place in range(1, 6)]
DOCUMENTS = {f"{place}.xml": xml(number=f"2435200000000000000{place}", buyer="") for place in range(1, 6)}


@pytest.mark.parametrize("body", [(TABLE + "\n".join(ROWS)).encode(), zipped(DOCUMENTS)], ids=["table", "xml"])
def test_a_shop_sells_and_has_no_customers_of_its_own(cottage: House, body: bytes) -> None:
    """By whatever way the invoices come."""
    done = cottage.send("invoices.sale", body)
    assert (done["accepted"], done["rejected"]) == (5, 0)
    features = cottage.client.get(f"/v1/enterprises/{FIRM}/features", headers=cottage.owner(FIRM)).json["values"]
    assert (features["sales_12m"], features["sales_invoices_12m"]) == (60_250, 5)
    assert (features["customers_12m"], features["customer_hhi_12m"]) == (0, None)
    portrait = cottage.client.get(f"/v1/enterprises/{FIRM}/portrait", headers=cottage.owner(FIRM)).json
    assert portrait["partners"]["customers"] == []
