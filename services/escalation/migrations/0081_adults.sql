-- Everybody whom the report is about is 18 or over: no paragraph of Barnets lov is told of it (serviceloven §§ 12 a-c).
ALTER TABLE reports ADD COLUMN adult boolean NOT NULL DEFAULT false;
