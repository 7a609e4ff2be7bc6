namespace Quire.Traces;

/// <summary>Ends at a damaged place instead of throwing, and keeps what was wrong.</summary>
internal sealed class FaultKeepingSource(RunSource source) : RunSource
{
    public TraceFormatException? Fault { get; private set; }

    public override PageNumbering Numbering => source.Numbering;

    public override PageSampling Sample
    {
        get => source.Sample;
        set => source.Sample = value;
    }

    public override bool HasObjectSizes => source.HasObjectSizes;

    public override TraceUnit Unit => source.Unit;

    public override int PageShift => source.PageShift;

    public override string Reading => source.Reading;

    public override double? Progress => source.Progress;

    public override void Dispose() => source.Dispose();

    protected override bool Fill(RunBatch batch)
    {
        try
        {
            return source.Next(batch);
        }
        catch (TraceFormatException exception)
        {
            Fault = exception;
            return false;
        }
    }
}
